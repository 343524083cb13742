#include "ui/big_letters.h"

#include <string.h>

enum { WIDE = 3, HIGH = 5 };

/* Row by row, three dots each. What looks alike differs in a corner: 0 and O, 5 and S, 2 and Z, 8 and B. */
static const struct {
	char letter;
	char dots[WIDE * HIGH + 1];
} letters[] = {
    {'A', ".#.#.#####.##.#"},
    {'B', "##.#.###.#.###."},
    {'C', ".###..#..#...##"},
    {'D', "##.#.##.##.###."},
    {'E', "####..##.#..###"},
    {'F', "####..##.#..#.."},
    {'G', ".###..#.##.#.##"},
    {'H', "#.##.#####.##.#"},
    {'I', "###.#..#..#.###"},
    {'J', "..#..#..##.#.#."},
    {'K', "#.##.###.#.##.#"},
    {'L', "#..#..#..#..###"},
    {'M', "#.#####.##.##.#"},
    {'N', "##.#.##.##.##.#"},
    {'O', "####.##.##.####"},
    {'P', "##.#.###.#..#.."},
    {'Q', ".#.#.##.###..##"},
    {'R', "##.#.###.#.##.#"},
    {'S', ".###...#...###."},
    {'T', "###.#..#..#..#."},
    {'U', "#.##.##.##.####"},
    {'V', "#.##.##.##.#.#."},
    {'W', "#.##.##.#####.#"},
    {'X', "#.##.#.#.#.##.#"},
    {'Y', "#.##.#.#..#..#."},
    {'Z', "###..#.#.#..###"},
    {'0', ".#.#.##.##.#.#."},
    {'1', ".#.##..#..#.###"},
    {'2', "##...#.#.#..###"},
    {'3', "##...#.#...###."},
    {'4', "#.##.####..#..#"},
    {'5', "####..##...###."},
    {'6', ".###..####.####"},
    {'7', "###..#.#..#..#."},
    {'8', "####.#####.####"},
    {'9', "####.####..###."},
    {'-', "......###......"},
};

static const char *dots_of(char letter)
{
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter)
			return letters[i].dots;
	return NULL;
}

size_t big_letters_width(const char *code)
{
	for (const char *c = code; *c; c++)
		if (!dots_of(*c))
			return 0;
	if (*code)
		return strlen(code) * (WIDE + 1) - 1;
	return 0;
}

void big_letters_add_line(struct buf *out, const char *code, int line)
{
	/* By the upper and the lower one of two dots. */
	static const char *const halves[2][2] = {{" ", "▄"}, {"▀", "█"}};
	int upper = 2 * line, lower = upper + 1;

	for (const char *c = code; *c; c++) {
		const char *dots = dots_of(*c);
		for (int column = 0; dots && column < WIDE; column++)
			buf_addstr(out, halves[dots[upper * WIDE + column] == '#']
			                      [lower < HIGH && dots[lower * WIDE + column] == '#']);
		if (c[1])
			buf_addch(out, ' ');
	}
}
