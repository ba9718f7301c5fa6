/* SPDX-License-Identifier: MIT */
/*
 * Reads a note (elf(5), NT_GNU_BUILD_ID) out of a file that may be made to hurt whoever reads it.
 * Every offset and length in it is compared with what there may be before it is used; nothing is
 * mapped, so that a file which shrinks is an error and no signal. A linker puts the headers and
 * this note at the beginning, so one read mostly does.
 *
 * Bounds: BUILD_ID_READ_MAX bytes, SEGMENTS_MAX program headers, NOTES_MAX segments of notes, of
 * each NOTE_BYTES_MAX bytes. Cost: one read of 4 KiB, 2 us where the file is cached.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lookup/build-id.h"

#define FIRST_BYTES    4096
#define SEGMENTS_MAX   256
#define NOTES_MAX      16
#define NOTE_BYTES_MAX 8192

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define OWN_ORDER ELFDATA2LSB
#else
#define OWN_ORDER ELFDATA2MSB
#endif

/* The file, of which the beginning is there. */
struct window {
	int fd;
	size_t first_length;
	size_t left; /* bytes that may be read yet */
	uint8_t first[FIRST_BYTES];
};

/* What both classes say of a file, and of a segment. */
struct header {
	uint64_t segments_offset;
	unsigned segment_size, segment_count;
	bool wide; /* ELFCLASS64 */
};

struct elf_segment {
	uint64_t offset, size, alignment;
	uint32_t type;
};

static ssize_t
read_at(int fd, void *buffer, size_t length, uint64_t offset)
{
	ssize_t n;

	do
		n = pread(fd, buffer, length, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Copies length bytes of the file. Returns 0 or -errno. */
static int
get(struct window *window, uint64_t offset, void *ret, size_t length)
{
	ssize_t n;

	if (offset <= window->first_length && length <= window->first_length - offset) {
		memcpy(ret, window->first + offset, length);
		return 0;
	}
	if (offset > INT64_MAX - length)
		return -ENOEXEC;
	if (length > window->left)
		return -EFBIG;
	window->left -= length;
	n = read_at(window->fd, ret, length, offset);
	if (n < 0)
		return (int)n;
	return (size_t)n == length ? 0 : -ENOEXEC;
}

static int
get_header(struct window *window, struct header *ret)
{
	const uint8_t *bytes = window->first;
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (window->first_length < EI_NIDENT || memcmp(bytes, ELFMAG, SELFMAG) != 0 ||
	    bytes[EI_DATA] != OWN_ORDER)
		return -ENOEXEC;
	if (bytes[EI_CLASS] == ELFCLASS64 && window->first_length >= sizeof(wide)) {
		memcpy(&wide, bytes, sizeof(wide));
		*ret = (struct header){ wide.e_phoff, wide.e_phentsize, wide.e_phnum, true };
	} else if (bytes[EI_CLASS] == ELFCLASS32 && window->first_length >= sizeof(narrow)) {
		memcpy(&narrow, bytes, sizeof(narrow));
		*ret = (struct header){ narrow.e_phoff, narrow.e_phentsize, narrow.e_phnum, false };
	} else
		return -ENOEXEC;
	return ret->segment_size == (ret->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) &&
		ret->segment_count <= SEGMENTS_MAX ?
	    0 :
	    -ENOEXEC;
}

static int
get_segment(struct window *window, const struct header *header, unsigned number,
    struct elf_segment *ret)
{
	uint64_t offset = (uint64_t)number * header->segment_size;
	Elf64_Phdr wide;
	Elf32_Phdr narrow;
	int r;

	if (offset > UINT64_MAX - header->segments_offset)
		return -ENOEXEC;
	offset += header->segments_offset;
	if (header->wide) {
		r = get(window, offset, &wide, sizeof(wide));
		if (r == 0)
			*ret = (struct elf_segment){ wide.p_offset, wide.p_filesz, wide.p_align,
				wide.p_type };
	} else {
		r = get(window, offset, &narrow, sizeof(narrow));
		if (r == 0)
			*ret = (struct elf_segment){ narrow.p_offset, narrow.p_filesz,
				narrow.p_align, narrow.p_type };
	}
	return r;
}

/* The length with what is left free behind it; more than there can be where it makes no sense. */
static size_t
padded(uint32_t length, size_t alignment)
{
	return ((size_t)length + alignment - 1) & ~(alignment - 1);
}

/* Finds the id among the notes of one segment. Returns 0 or -ENOENT. */
static int
find_note(const uint8_t *notes, size_t length, size_t alignment, struct build_id *ret)
{
	Elf64_Nhdr note; /* that of the other class is the same */
	size_t at = 0;

	while (length - at >= sizeof(note)) {
		size_t name, description;

		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		name = padded(note.n_namesz, alignment);
		description = padded(note.n_descsz, alignment);
		if (note.n_namesz > length || note.n_descsz > length || name > length - at ||
		    note.n_descsz > length - at - name)
			return -ENOENT;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(notes + at, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0) {
			if (note.n_descsz < BUILD_ID_BYTES_MIN ||
			    note.n_descsz > BUILD_ID_BYTES_MAX)
				return -ENOENT;
			*ret = (struct build_id){ .length = note.n_descsz };
			memcpy(ret->bytes, notes + at + name, note.n_descsz);
			return 0;
		}
		/* The last one's end may lack what would be left free. */
		if (description > length - at - name)
			return -ENOENT;
		at += name + description;
	}
	return -ENOENT;
}

/* Looks through the notes of a segment. Returns 0, -ENOENT, or what ends the search. */
static int
read_notes(struct window *window, const struct elf_segment *segment, struct build_id *ret)
{
	uint8_t notes[NOTE_BYTES_MAX];
	size_t length = segment->size < sizeof(notes) ? (size_t)segment->size : sizeof(notes);
	int r = get(window, segment->offset, notes, length);

	if (r < 0)
		return r;
	return find_note(notes, length, segment->alignment == 8 ? 8 : 4, ret);
}

int
build_id_read(int fd, struct build_id *ret)
{
	struct window window = { .fd = fd, .left = BUILD_ID_READ_MAX - FIRST_BYTES };
	struct header header;
	unsigned notes = 0;
	ssize_t n = read_at(fd, window.first, sizeof(window.first), 0);
	int r;

	if (n < 0)
		return (int)n;
	window.first_length = (size_t)n;
	r = get_header(&window, &header);
	for (unsigned i = 0; r == 0 && i < header.segment_count; i++) {
		struct elf_segment segment = { 0 };

		r = get_segment(&window, &header, i, &segment);
		if (r < 0 || segment.type != PT_NOTE || notes++ >= NOTES_MAX)
			continue;
		r = read_notes(&window, &segment, ret);
		if (r == 0)
			return 0;
		if (r == -ENOENT)
			r = 0;
	}
	return r < 0 ? r : -ENOENT;
}

bool
build_id_is_same(const struct build_id *a, const struct build_id *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
