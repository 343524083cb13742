/*
 * footprint: keeps the memory of the process small, as a proxy runs for days.
 */
#ifndef KIMI_PROXY_FOOTPRINT_H
#define KIMI_PROXY_FOOTPRINT_H

/* Call it before large blocks are taken: they get mappings of their own, which go back when they are freed. */
void footprint_limit(void);

/* Gives back the code of libraries that only the start needed. Code that is needed again is mapped again. */
void footprint_drop_start(void);

/* Gives back the freed memory between blocks in use. */
void footprint_trim(void);

#endif
