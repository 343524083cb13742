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
 * Watches and timers are the caller's memory. One may be removed, and freed, at any
 * time, also by a callback while its own event is still to be delivered.
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
	long long due; /* of clock_ms(); 0: it is not set */
	void (*fire)(void *context);
	void *context;
	struct loop_timer *next; /* of the loop's */
};

struct loop {
	int epoll;
	struct epoll_event batch[LOOP_BATCH];
	int count, at; /* of the batch that is being delivered */
	struct loop_timer *timers;
};

int loop_open(struct loop *loop, struct err *err);
void loop_close(struct loop *loop);

/* EPOLL* events; -1 with errno. A descriptor is removed before it is closed. */
int loop_watch(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
    void (*ready)(void *context, uint32_t events), void *context);
int loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_remove(struct loop *loop, struct loop_watch *watch);

/* Adds a timer that is not set yet; it stays in the loop until loop_forget(). */
void loop_add_timer(struct loop *loop, struct loop_timer *timer, void (*fire)(void *context), void *context);
void loop_forget_timer(struct loop *loop, struct loop_timer *timer);

/* It fires once, in that many milliseconds; negative: never. */
void loop_set_timer(struct loop_timer *timer, long long milliseconds);

/* Fires what is due, without waiting; false if nothing was. */
bool loop_fire_timers(struct loop *loop);

/* Waits for the next event or timer and delivers all there are. */
void loop_turn(struct loop *loop);

#endif
