// SPDX-License-Identifier: Apache-2.0

#include "CPictures.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t left;
  elbo_picture *picture;
} png_source;

static void fail(png_structp png, png_const_charp message) {
  png_source *source = png_get_error_ptr(png);
  snprintf(source->picture->message, sizeof source->picture->message, "%s", message);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message) {
  (void)png, (void)message;
}

static void read_bytes(png_structp png, png_bytep to, size_t count) {
  png_source *source = png_get_io_ptr(png);
  if (count > source->left) png_error(png, "the file ends too early");
  memcpy(to, source->bytes, count);
  source->bytes += count;
  source->left -= count;
}

static int has_grey_palette(png_structp png, png_infop info) {
  png_colorp palette;
  int count;
  if (!png_get_PLTE(png, info, &palette, &count)) return 0;
  for (int i = 0; i < count; i++) {
    if (palette[i].red != palette[i].green || palette[i].red != palette[i].blue) return 0;
  }
  return 1;
}

static void read_header(png_structp png, png_infop info, elbo_picture *picture) {
  png_read_info(png, info);
  const int kind = png_get_color_type(png, info);
  picture->height = png_get_image_height(png, info);
  picture->width = png_get_image_width(png, info);
  picture->is_grey = kind == PNG_COLOR_TYPE_PALETTE ? has_grey_palette(png, info)
                                                    : !(kind & PNG_COLOR_MASK_COLOR);
  const int has_alpha =
      (kind & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, info, PNG_INFO_tRNS);
  picture->channels = (kind & PNG_COLOR_MASK_COLOR ? 3 : 1) + (has_alpha ? 1 : 0);
  picture->least_bits = (uint32_t)png_get_bit_depth(png, info) * png_get_channels(png, info);
}

static void read_pixels(
    png_structp png, png_infop info, const elbo_picture *header, uint8_t *pixels) {
  png_set_expand(png);    // Palettes to RGB, 1, 2 and 4 bits to 8, transparent colours to alpha.
  png_set_scale_16(png);  // 16 bits to the nearest of 8.
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const size_t stride = (size_t)header->width * header->channels;
  if (png_get_image_height(png, info) != header->height || png_get_rowbytes(png, info) != stride) {
    png_error(png, "its size is not that of its header");
  }
  for (int pass = 0; pass < passes; pass++) {
    for (size_t row = 0; row < header->height; row++) {
      png_read_row(png, pixels + row * stride, NULL);
    }
  }
  png_read_end(png, NULL);
}

static int read_png(
    const uint8_t *bytes, size_t count, elbo_picture *picture, uint8_t *pixels) {
  png_source source = {bytes, count, picture};
  const elbo_picture header = *picture;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    snprintf(picture->message, sizeof picture->message, "libpng cannot be started");
    png_destroy_read_struct(&png, NULL, NULL);
    return 0;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  png_set_read_fn(png, &source, read_bytes);
  read_header(png, info, picture);
  if (pixels) read_pixels(png, info, &header, pixels);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

int elbo_png_header(const uint8_t *bytes, size_t count, elbo_picture *picture) {
  return read_png(bytes, count, picture, NULL);
}

int elbo_png_decode(
    const uint8_t *bytes, size_t count, elbo_picture *picture, uint8_t *pixels) {
  return read_png(bytes, count, picture, pixels);
}
