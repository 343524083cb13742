/*
 * libcurl COUNT URL KEY: prints the median time of a request with libcurl alone in microseconds, on one connection that
 * is kept open. What a proxy adds that sends its requests with libcurl cannot be much less.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t drop(char *bytes, size_t one, size_t len, void *context)
{
	(void)bytes, (void)one, (void)context;
	return len;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	char header[1024];

	if (argc != 4)
		return 2;
	size_t count = strtoul(argv[1], NULL, 10);
	double *took = calloc(count, sizeof(*took));
	CURL *c = curl_easy_init();
	snprintf(header, sizeof(header), "Authorization: Bearer %s", argv[3]);
	struct curl_slist *headers = curl_slist_append(NULL, header);
	if (!count || !took || !c || !headers)
		return 2;
	curl_easy_setopt(c, CURLOPT_URL, argv[2]);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	for (size_t i = 0; i < count; i++) {
		double start = now();
		if (curl_easy_perform(c) != CURLE_OK)
			return 1;
		took[i] = now() - start;
	}
	qsort(took, count, sizeof(*took), by_value);
	printf("%.1f\n", took[count / 2]);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	free(took);
	return 0;
}
