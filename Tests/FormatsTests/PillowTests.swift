// SPDX-License-Identifier: Apache-2.0

import Formats
import Foundation
import TestSupport
import Testing

private let hasPillow = Python.has("PIL, numpy")

@Suite(
  "Pictures as Pillow writes and reads them",
  .enabled(if: hasPillow, "no Python with Pillow and NumPy ($PYTHON, else python3)"))
struct PillowTests {
  /// Writes for each picture what Pillow shows of it: a line of height, width and channels, then
  /// bytes.
  private static let shown = """
    import sys
    import numpy as np
    from PIL import Image, ImageOps
    def show(path, target):
        image = ImageOps.exif_transpose(Image.open(path))
        if image.mode.startswith('I'):
            pixels = (np.asarray(image).astype(np.int64) * 255 + 32767) // 65535
        elif 'transparency' in image.info or image.mode in ('LA', 'RGBA', 'PA'):
            image = image.convert('RGBA')
            white = Image.new('RGB', image.size, (255, 255, 255))
            white.paste(image.convert('RGB'), mask=image.getchannel('A'))
            pixels = np.asarray(white)
        else:
            pixels = np.asarray(image if image.mode == 'L' else image.convert('RGB'))
        pixels = pixels.reshape(pixels.shape[0], pixels.shape[1], -1).astype(np.uint8)
        with open(target, 'wb') as file:
            file.write(b'%d %d %d\\n' % pixels.shape + pixels.tobytes())
    """

  private static let made = """
    folder = sys.argv[1]
    random = np.random.default_rng(3)
    rgb = random.integers(0, 256, (13, 17, 3), dtype=np.uint8)
    grey, alpha = rgb[..., 0], random.integers(0, 256, (13, 17), dtype=np.uint8)
    images = {
        'grey.png': Image.fromarray(grey), 'rgb.png': Image.fromarray(rgb),
        'rgba.png': Image.fromarray(np.dstack([rgb, alpha])),
        'la.png': Image.fromarray(np.dstack([grey, alpha])),
        'one.png': Image.fromarray(grey).convert('1'),
        'deep.png': Image.fromarray(random.integers(0, 65536, (13, 17)).astype(np.uint16)),
    }
    for colours in (2, 4, 16, 256):
        images['palette%d.png' % colours] = Image.fromarray(rgb).quantize(colours)
    options = {}
    images['transparent.png'] = Image.fromarray(rgb).quantize(16)
    options['transparent.png'] = dict(transparency=bytes(range(0, 256, 16)))
    images['one-grey.png'] = Image.fromarray(grey)
    options['one-grey.png'] = dict(transparency=int(grey[2, 3]))
    images['one-colour.png'] = Image.fromarray(rgb)
    options['one-colour.png'] = dict(transparency=tuple(int(v) for v in rgb[2, 3]))
    photo = Image.fromarray(rgb).resize((67, 41), Image.BICUBIC)
    for name, image in (('rgb', photo), ('l', photo.convert('L')), ('cmyk', photo.convert('CMYK'))):
        for quality in (50, 95):
            images['%s%d.jpg' % (name, quality)] = image
            options['%s%d.jpg' % (name, quality)] = dict(quality=quality)
    images['progressive.jpg'] = photo
    options['progressive.jpg'] = dict(progressive=True)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for ending in ('jpg', 'png'):
            name = 'exif%d.%s' % (orientation, ending)
            images[name] = photo
            options[name] = dict(exif=exif.tobytes())
    for name, image in images.items():
        image.save(folder + '/' + name, **options.get(name, {}))
        show(folder + '/' + name, folder + '/' + name + '.shown')
    """

  /// What Pillow shows.
  private func expected(_ path: String) throws -> Picture {
    let bytes = try readFile(path)
    let header = bytes.prefix { $0 != 0x0A }
    let sizes = String(decoding: header, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    try #require(sizes.count == 3)
    return Picture(
      height: sizes[0], width: sizes[1], channels: sizes[2],
      bytes: Array(bytes.dropFirst(header.count + 1)))
  }

  /// PNG to the byte; JPEG within 2, as another libjpeg may round otherwise.
  private func check(_ path: String, _ shown: String) throws {
    let picture = try Picture.read(path)
    let expected = try expected(shown).converted(toChannels: picture.channels)
    let name = Files.name(of: path)
    #expect(
      picture.height == expected.height && picture.width == expected.width, "size of \(name)")
    let difference = zip(picture.bytes, expected.bytes).map { abs(Int($0) - Int($1)) }.max() ?? 0
    #expect(
      picture.bytes.count == expected.bytes.count
        && difference <= (path.hasSuffix("jpg") ? 2 : 0), "\(name) differs by \(difference)")
  }

  @Test("every kind that Pillow writes")
  func written() throws {
    try withTemporaryFolder { folder in
      try #require(try Python.run(Self.shown + "\n" + Self.made, [folder]) == 0)
      let names = try Files.list(folder).filter { !$0.hasSuffix(".shown") }
      #expect(names.count == 36)
      for name in names { try check("\(folder)/\(name)", "\(folder)/\(name).shown") }
    }
  }

  @Test(
    "photographs and scans of several kinds",
    .enabled(if: SharedData.holds("own-images"), "../shared is absent: the pictures are not here"))
  func photographs() throws {
    let source = SharedData.path("own-images")
    let names = try Files.list(source).filter { !$0.hasSuffix(".md") }
    #expect(names.count == 15)
    try withTemporaryFolder { folder in
      let script =
        Self.shown + "\nfor name in sys.argv[3:]:\n"
        + "    show(sys.argv[1] + '/' + name, sys.argv[2] + '/' + name)\n"
      try #require(try Python.run(script, [source, folder] + names) == 0)
      for name in names { try check("\(source)/\(name)", "\(folder)/\(name)") }
    }
  }
}
