/* SPDX-License-Identifier: MIT */
/*
 * The bytes of YAML: which of them may stand in a file, and how any text is written as a scalar.
 * Pure; what is no UTF-8 is found here and nowhere else.
 */
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "config/yaml.h"

/*
 * Characters that may not stand in the file as they are (in double quotes there are
 * escapes): those that YAML forbids, and the line breaks that libyaml counts and no editor
 * does.
 */
static bool
is_forbidden(uint32_t character)
{
	if (character == '\t' || character == '\n' || character == '\r')
		return false;
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
	    character == 0x2029 || character == 0xfffe || character == 0xffff;
}

bool
yaml_check_characters(struct config_context *context, const char *text, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned line = 1, column = 1;

	for (size_t at = 0, length; at < size; at += length) {
		uint32_t character = 0;

		length = text_decode(bytes + at, size - at, &character);
		if (length == 0)
			context_message(context, CONFIG_ERROR, line, column,
			    "invalid byte 0x%02x, expected UTF-8", bytes[at]);
		else if (is_forbidden(character))
			context_message(context, CONFIG_ERROR, line, column,
			    "found %s U+%04X, expected text",
			    character == 0 ? "NUL byte" : "control character", character);
		if (length == 0 || is_forbidden(character))
			return false;
		column++;
		if (character == '\n' ||
		    (character == '\r' && (at + 1 == size || bytes[at + 1] != '\n'))) {
			line++;
			column = 1;
		}
	}
	return true;
}

void
yaml_write_text(const char *text, FILE *file)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t size = strlen(text);

	(void)fputc('"', file);
	for (size_t at = 0, length; at < size; at += length) {
		uint32_t character = 0;

		length = text_decode(bytes + at, size - at, &character);
		if (length == 0)
			break;
		if (character == '"' || character == '\\')
			(void)fprintf(file, "\\%c", (int)character);
		else if (text_is_plain(text + at, length))
			(void)fwrite(bytes + at, 1, length, file);
		else
			(void)fprintf(file, "\\U%08x", character);
	}
	(void)fputc('"', file);
}
