#include "base/footprint.h"

#include <link.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGE_BLOCK = 32 * 1024 };

void footprint_limit(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	mallopt(M_ARENA_MAX, 1);
#endif
}

/* The dynamic linker has written into the code, which is not the same as in the file then. */
static bool footprint_is_relocated(const struct dl_phdr_info *info)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_DYNAMIC)
			continue;
		const ElfW(Dyn) *entry = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		for (; entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_TEXTREL ||
			    (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)))
				return true;
	}
	return false;
}

static int footprint_drop_object(struct dl_phdr_info *info, size_t size, void *context)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)context;
	for (size_t i = 0; i < info->dlpi_phnum && !footprint_is_relocated(info); i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
		start &= ~(page - 1);
		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 0;
}

void footprint_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

void footprint_drop_code(void)
{
	dl_iterate_phdr(footprint_drop_object, NULL);
}
