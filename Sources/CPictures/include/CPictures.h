// SPDX-License-Identifier: Apache-2.0
//
// Decoders of PNG and JPEG. They are C because libpng and libjpeg report faults by longjmp, which must
// not cross Swift code; the jump begins and ends here.

#ifndef ELBO_PICTURES_H
#define ELBO_PICTURES_H

#include <stddef.h>
#include <stdint.h>

// What the header of a picture says; after a fault, what is wrong.
typedef struct {
  uint32_t height, width;
  // Bytes of a decoded pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
  uint32_t channels;
  // Whether every colour is a grey: by the kind of file, or because all of its palette are.
  int is_grey;
  // The fewest bits in which the file's format can hold a pixel before it is packed (PNG) or of 64
  // pixels as they are packed (JPEG); 0 where none are known.
  uint32_t least_bits;
  // The library's own words, or ours.
  char message[256];
} elbo_picture;

// Reads the header of a PNG file, without taking memory for pixels. Returns 1, or 0 and a message.
int elbo_png_header(const uint8_t *bytes, size_t count, elbo_picture *picture);

// Decodes a PNG file, whose header has been read into `picture`, to height x width x channels bytes:
// 8 bits a channel, alpha not multiplied in. Gamma and colour profiles are not applied.
int elbo_png_decode(
    const uint8_t *bytes, size_t count, elbo_picture *picture, uint8_t *pixels);

// The same of a JPEG file, whose pixels have 1 or 3 channels; CMYK becomes RGB, in the inverted
// convention of Adobe.
int elbo_jpeg_header(const uint8_t *bytes, size_t count, elbo_picture *picture);
int elbo_jpeg_decode(
    const uint8_t *bytes, size_t count, elbo_picture *picture, uint8_t *pixels);

#endif
