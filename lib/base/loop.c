#include "base/loop.h"

#include "base/clock.h"

#include <limits.h>
#include <stddef.h>
#include <unistd.h>

int loop_open(struct loop *loop, struct err *err)
{
	*loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	if (loop->epoll < 0)
		return err_errno(err, ERR_BUSY, "try again", "cannot wait for events (epoll)");
	return 0;
}

void loop_close(struct loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = -1;
}

int loop_watch(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
    void (*ready)(void *context, uint32_t events), void *context)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	*watch = (struct loop_watch){.fd = fd, .ready = ready, .context = context};
	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event);
}

int loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
	if (watch->fd >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1;
	/* Drop its events in the current batch. */
	for (int i = loop->at; i < loop->count; i++)
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
}

void loop_add_timer(struct loop *loop, struct loop_timer *timer, void (*fire)(void *context), void *context)
{
	*timer = (struct loop_timer){.fire = fire, .context = context, .next = loop->timers};
	loop->timers = timer;
}

void loop_forget_timer(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **at = &loop->timers;

	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = timer->next;
}

void loop_set_timer(struct loop_timer *timer, long long milliseconds)
{
	timer->due = milliseconds < 0 ? 0 : clock_ms() + milliseconds;
}

/* -1: no timer is set. */
static int loop_milliseconds(const struct loop *loop)
{
	long long first = LLONG_MAX;

	for (const struct loop_timer *timer = loop->timers; timer; timer = timer->next)
		if (timer->due && timer->due < first)
			first = timer->due;
	if (first == LLONG_MAX)
		return -1;
	return clock_left(first);
}

/* A callback may add and forget timers, so search from the start after each call. */
bool loop_fire_timers(struct loop *loop)
{
	long long now = clock_ms();
	bool fired = false;

	for (struct loop_timer *timer = loop->timers; timer;) {
		if (!timer->due || timer->due > now) {
			timer = timer->next;
			continue;
		}
		timer->due = 0;
		fired = true;
		timer->fire(timer->context);
		timer = loop->timers;
		now--; /* a timer that the callback has set to 0 ms fires in the next call */
	}
	return fired;
}

void loop_turn(struct loop *loop)
{
	loop->count = epoll_wait(loop->epoll, loop->batch, LOOP_BATCH, loop_milliseconds(loop));
	for (loop->at = 0; loop->at < loop->count; loop->at++) {
		struct loop_watch *watch = loop->batch[loop->at].data.ptr;
		if (watch)
			watch->ready(watch->context, loop->batch[loop->at].events);
	}
	loop->count = 0;
	loop_fire_timers(loop);
}
