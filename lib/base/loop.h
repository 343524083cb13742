/*
 * loop: one thread that waits for many descriptors and timers (epoll).
 *
 *	struct loop loop;
 *
 *	if (loop_open(&loop, err) < 0) ...
 *	loop_watch(&loop, &watch, fd, EPOLLIN, ready, context);
 *	while (!done)
 *		loop_turn(&loop);
 *	loop_close(&loop);
 *
 * Watches and timers are the caller's memory. They may be removed, and freed, at any time,
 * also by a callback while an event for them is pending.
 */
#ifndef KIMI_BASE_LOOP_H
#define KIMI_BASE_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

enum { LOOP_BATCH = 64 };

struct loop_watch {
	int fd; /* not owned */
	void (*ready)(void *context, uint32_t events);
	void *context;
};

struct loop_timer {
	long long due; /* of clock_ms(); 0: not set */
	void (*fire)(void *context);
	void *context;
	struct loop_timer *next; /* in the loop */
};

struct loop {
	int epoll;
	struct epoll_event batch[LOOP_BATCH];
	int count, at; /* in the batch */
	struct loop_timer *timers;
};

int loop_open(struct loop *loop, struct err *err);
void loop_close(struct loop *loop);

/*
 * Adds, changes, removes a descriptor; events are EPOLL*; -1 with errno. Remove it before
 * you close it.
 */
int loop_watch(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
    void (*ready)(void *context, uint32_t events), void *context);
int loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_remove(struct loop *loop, struct loop_watch *watch);

/* Adds a timer that is not set; it stays in the loop until loop_forget_timer(). */
void loop_add_timer(struct loop *loop, struct loop_timer *timer, void (*fire)(void *context), void *context);
void loop_forget_timer(struct loop *loop, struct loop_timer *timer);

/* Sets the timer to fire once, in so many milliseconds; negative: unsets it. */
void loop_set_timer(struct loop_timer *timer, long long milliseconds);

/* Fires the timers that are due, without waiting. False: none were. */
bool loop_fire_timers(struct loop *loop);

/* Waits for the next event or timer and calls the callbacks of all that are ready. */
void loop_turn(struct loop *loop);

#endif
