#include "ui/big_letters.h"

#include "tap.h"

#include <string.h>

static bool draws(const char *code, const char *want)
{
	struct buf out;

	buf_init(&out, 4096);
	for (int i = 0; i < BIG_LETTERS_LINES; i++) {
		big_letters_add_line(&out, code, i);
		buf_addch(&out, '\n');
	}
	bool same = strcmp(out.data, want) == 0;
	buf_release(&out);
	return same;
}

int main(void)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	struct buf one, other;
	bool differ = true;

	ok(big_letters_width("A") == 3 && big_letters_width("AB-1") == 15,
	    "a letter takes three columns, and one is between two");
	ok(big_letters_width("") == 0, "nothing takes none");
	ok(big_letters_width("AB 1") == 0 && big_letters_width("ab") == 0 &&
	        big_letters_width("\xc3\xa4") == 0,
	    "what it has no letter for it does not draw");
	ok(big_letters_width(all) == 4 * strlen(all) - 1, "capital letters, digits and the hyphen it has");
	ok(draws("T-1", "▀█▀     ▄█ \n"
	                " █  ▀▀▀  █ \n"
	                " ▀      ▀▀▀\n"),
	    "two dots are one half block above the other");
	for (size_t i = 0; all[i]; i++) {
		for (size_t j = 0; j < i; j++) {
			buf_init(&one, 4096);
			buf_init(&other, 4096);
			for (int line = 0; line < BIG_LETTERS_LINES; line++) {
				big_letters_add_line(&one, (char[]){all[i], '\0'}, line);
				big_letters_add_line(&other, (char[]){all[j], '\0'}, line);
			}
			differ = differ && strcmp(one.data, other.data) != 0;
			buf_release(&one);
			buf_release(&other);
		}
	}
	ok(differ, "no two letters look the same");
	return tap_done();
}
