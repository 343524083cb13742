/*
 * footprint: keeps the memory of a process small that runs for days, or for a moment needs much.
 */
#ifndef KIMI_BASE_FOOTPRINT_H
#define KIMI_BASE_FOOTPRINT_H

/* Call it before large blocks are taken: they get mappings of their own, which go back when they are freed. */
void footprint_limit(void);

/* Gives back freed memory, also between blocks in use. */
void footprint_trim(void);

/*
 * Gives back the code of libraries, most of which only the start needed. Code that runs again is mapped
 * again, which takes a millisecond or two for all of it.
 */
void footprint_drop_code(void);

#endif
