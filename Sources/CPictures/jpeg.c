// SPDX-License-Identifier: Apache-2.0

#include "CPictures.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include <jerror.h>

// A progressive file of few bytes may ask for any number of passes over all pixels.
enum { most_scans = 500 };
// Of libjpeg's own memory; the coefficients of a progressive file of 100 million pixels take 600 MB.
static const long most_bytes = 2L << 30;

typedef struct {
  struct jpeg_error_mgr library;  // First: libjpeg hands its address on.
  jmp_buf back;
  elbo_picture *picture;
} jpeg_faults;

static void fail(j_common_ptr jpeg) {
  jpeg_faults *faults = (jpeg_faults *)jpeg->err;
  char words[JMSG_LENGTH_MAX];
  faults->library.format_message(jpeg, words);
  snprintf(faults->picture->message, sizeof faults->picture->message, "%s", words);
  longjmp(faults->back, 1);
}

static void fail_in_words(j_common_ptr jpeg, const char *words) {
  jpeg_faults *faults = (jpeg_faults *)jpeg->err;
  snprintf(faults->picture->message, sizeof faults->picture->message, "%s", words);
  longjmp(faults->back, 1);
}

// libjpeg fills what is missing with grey and goes on. A picture that is not whole is none here; what
// cameras and editors write beside sound pixels is let pass.
static void warn(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR: return;
    default: fail(jpeg);
  }
}

static void count_scans(j_common_ptr jpeg) {
  if (((j_decompress_ptr)jpeg)->input_scan_number > most_scans) {
    fail_in_words(jpeg, "it has more than 500 scans");
  }
}

static void read_header(j_decompress_ptr jpeg, elbo_picture *picture) {
  jpeg_read_header(jpeg, TRUE);
  picture->height = jpeg->image_height;
  picture->width = jpeg->image_width;
  switch (jpeg->num_components) {
    case 1: jpeg->out_color_space = JCS_GRAYSCALE; break;
    case 3: jpeg->out_color_space = JCS_RGB; break;
    case 4: jpeg->out_color_space = JCS_CMYK; break;
    default: fail_in_words((j_common_ptr)jpeg, "its pixels have neither 1, 3 nor 4 components");
  }
  picture->channels = jpeg->num_components == 1 ? 1 : 3;
  picture->is_grey = jpeg->num_components == 1;
  // A Huffman code has a bit at least, and each block of 64 pixels one for its mean; arithmetic
  // coding knows no such bound.
  picture->least_bits = jpeg->arith_code ? 0 : 1;
}

static void read_pixels(j_decompress_ptr jpeg, const elbo_picture *header, uint8_t *pixels) {
  jpeg_start_decompress(jpeg);
  if (jpeg->output_height != header->height || jpeg->output_width != header->width) {
    fail_in_words((j_common_ptr)jpeg, "its size is not that of its header");
  }
  const size_t width = header->width, stride = width * header->channels;
  JSAMPARRAY inks = NULL;
  if (jpeg->num_components == 4) {
    inks = jpeg->mem->alloc_sarray(
        (j_common_ptr)jpeg, JPOOL_IMAGE, (JDIMENSION)(4 * width), 1);
  }
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = pixels + jpeg->output_scanline * stride;
    if (jpeg->num_components != 4) {
      jpeg_read_scanlines(jpeg, &row, 1);
      continue;
    }
    jpeg_read_scanlines(jpeg, inks, 1);
    const JSAMPLE *ink = inks[0];  // 255 is none: Adobe's programs write inks inverted.
    for (size_t x = 0; x < width; x++, ink += 4) {
      for (int c = 0; c < 3; c++) row[3 * x + c] = (ink[c] * ink[3] + 127) / 255;
    }
  }
  jpeg_finish_decompress(jpeg);
}

static int read_jpeg(
    const uint8_t *bytes, size_t count, elbo_picture *picture, uint8_t *pixels) {
  const elbo_picture header = *picture;
  jpeg_faults faults;
  struct jpeg_decompress_struct jpeg = {0};
  struct jpeg_progress_mgr progress = {.progress_monitor = count_scans};
  jpeg.err = jpeg_std_error(&faults.library);
  faults.library.error_exit = fail;
  faults.library.emit_message = warn;
  faults.picture = picture;
  if (setjmp(faults.back)) {
    jpeg_destroy_decompress(&jpeg);
    return 0;
  }
  jpeg_create_decompress(&jpeg);
  jpeg.progress = &progress;
  jpeg.mem->max_memory_to_use = most_bytes;
  jpeg_mem_src(&jpeg, bytes, count);
  read_header(&jpeg, picture);
  if (pixels) read_pixels(&jpeg, &header, pixels);
  jpeg_destroy_decompress(&jpeg);
  return 1;
}

int elbo_jpeg_header(const uint8_t *bytes, size_t count, elbo_picture *picture) {
  return read_jpeg(bytes, count, picture, NULL);
}

int elbo_jpeg_decode(
    const uint8_t *bytes, size_t count, elbo_picture *picture, uint8_t *pixels) {
  return read_jpeg(bytes, count, picture, pixels);
}
