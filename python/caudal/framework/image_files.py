# SPDX-License-Identifier: Apache-2.0
"""File formats of images, for the ops that decode and encode them. Pillow does most of it."""

import io
import struct
import zlib

import numpy as np

_MOST_PIXELS = 1 << 28


def host_function(arrays):
    """Called by the kernels: op name, inputs, then names and values of attrs; gives [array]."""
    op = _text(arrays[0])
    count = _INPUTS.get(op, 1)
    inputs = [a.item() if a.dtype == object else a for a in arrays[1 : 1 + count]]
    rest = arrays[1 + count :]
    attrs = {_text(k): v.item() for k, v in zip(rest[::2], rest[1::2])}
    result = _FUNCTIONS[op](op, *inputs, **attrs)
    return [result if result.dtype == object else np.ascontiguousarray(result)]


def _text(array):
    value = array.item()
    return value.decode() if isinstance(value, bytes) else value


def _pillow():
    try:
        from PIL import Image
    except ImportError:
        raise NotImplementedError(
            "This file format needs Pillow, which is not installed: pip install caudal[image]"
        ) from None
    return Image


def _check_pixels(width, height):
    if width <= 0 or height <= 0 or width * height > _MOST_PIXELS:
        raise ValueError("Invalid image dimensions %d x %d" % (width, height))


def _open(contents, kind):
    """A Pillow image, not yet decoded."""
    image_module = _pillow()
    try:
        image = image_module.open(io.BytesIO(contents), formats=(kind,))
    except Exception as error:
        raise ValueError("Invalid %s data, size %d: %s" % (kind, len(contents), error)) from error
    _check_pixels(*image.size)
    return image


def _load(image, contents, kind):
    try:
        image.load()
    except Exception as error:
        raise ValueError("Invalid %s data, size %d: %s" % (kind, len(contents), error)) from error
    return image


# -- PNG -------------------------------------------------------------------------------------------

_PNG = b"\x89PNG\r\n\x1a\n"


def _png_header(contents):
    """(width, height, bit depth, colour type, has tRNS) of a PNG file."""
    if len(contents) < 29 or contents[12:16] != b"IHDR":
        raise ValueError("Invalid PNG header, data size %d" % len(contents))
    width, height, depth, colour = struct.unpack(">IIBB", contents[16:26])
    _check_pixels(width, height)
    transparent = b"tRNS" in (name for name, _ in _png_chunks(contents))
    return width, height, depth, colour, transparent


def _png_chunks(contents):
    at = 8
    while at + 8 <= len(contents):
        size, name = struct.unpack(">I4s", contents[at : at + 8])
        if at + 8 + size > len(contents):
            return
        yield name, contents[at + 8 : at + 8 + size]
        at += size + 12


def _unfilter(rows, step):
    """Takes back the filters of PNG: `rows` are bytes, each led by the kind of its filter."""
    out = np.zeros((len(rows), rows.shape[1] - 1), np.uint8)
    above = np.zeros(out.shape[1], np.uint8)
    for i, (kind, line) in enumerate(zip(rows[:, 0], rows[:, 1:])):
        if kind == 0:
            out[i] = line
        elif kind == 1:
            out[i] = np.add.accumulate(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            out[i] = line + above
        elif kind in (3, 4):
            current, before = [0] * step, above.tolist()
            for k, value in enumerate(line.tolist()):
                a, b = current[k], before[k]
                if kind == 3:
                    guess = (a + b) // 2
                else:
                    c = before[k - step] if k >= step else 0
                    da, db, dc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
                    guess = a if da <= db and da <= dc else b if db <= dc else c
                current.append((value + guess) & 255)
            out[i] = current[step:]
        else:
            raise ValueError("Invalid PNG data: unknown filter")
        above = out[i]
    return out


def _wide_png(contents, width, height, colour):
    """Pixels of a PNG file with 16 bits that is not interlaced."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}.get(colour)
    if channels is None or contents[28] != 0:
        raise NotImplementedError("interlaced PNG with 16 bits")
    data = b"".join(part for name, part in _png_chunks(contents) if name == b"IDAT")
    line = 1 + 2 * channels * width
    try:
        raw = zlib.decompressobj().decompress(data, line * height)
    except zlib.error as error:
        raise ValueError("Invalid PNG data, size %d: %s" % (len(contents), error)) from error
    if len(raw) < line * height:
        raise ValueError("Invalid PNG data, size %d: it ends too early" % len(contents))
    rows = np.frombuffer(raw, np.uint8).reshape(height, line)
    plain = _unfilter(rows, 2 * channels)
    return plain.view(">u2").reshape(height, width, channels).astype(np.uint16)


def _png(contents, channels, dtype):
    width, height, depth, colour, transparent = _png_header(contents)
    if depth == 16 and contents[28] == 0:
        pixels = _wide_png(contents, width, height, colour)
        if dtype == "uint8":
            pixels = (pixels >> 8).astype(np.uint8)
    else:
        image = _load(_open(contents, "PNG"), contents, "PNG")
        if image.mode == "P":
            image = image.convert("RGBA" if transparent else "RGB")
        elif image.mode in ("1", "I", "I;16", "I;16B"):
            image = image.convert("L")
        if transparent and image.mode in ("L", "RGB") and channels == 4:
            image = image.convert("RGBA")
        pixels = np.asarray(image)
        pixels = pixels.reshape(height, width, -1)
        if dtype == "uint16":
            if channels == 1 and pixels.shape[2] > 2:
                pixels = _gray(pixels[:, :, :3])
            pixels = pixels.astype(np.uint16) * 257
    if channels == 0:
        return pixels[:, :, :3] if colour == 3 and not transparent else pixels
    alpha = pixels[:, :, -1:] if pixels.shape[2] in (2, 4) else None
    plain = pixels[:, :, : pixels.shape[2] - (alpha is not None)]
    if channels == 1:
        return _gray(plain)
    if plain.shape[2] == 1:
        plain = np.repeat(plain, 3, axis=2)
    if channels == 3:
        return plain
    if alpha is None:
        alpha = np.full(plain.shape[:2] + (1,), np.iinfo(plain.dtype).max, plain.dtype)
    return np.concatenate([plain, alpha], axis=2)


def _gray(pixels):
    """One channel, with libpng's weights of the colours."""
    if pixels.shape[2] == 1:
        return pixels
    weights = np.array(_GRAY, np.int64)
    gray = (pixels.astype(np.int64) @ weights) >> 15
    same = (pixels[:, :, 0] == pixels[:, :, 1]) & (pixels[:, :, 1] == pixels[:, :, 2])
    return np.where(same, pixels[:, :, 0], gray).astype(pixels.dtype)[:, :, None]


_GRAY = (9798, 19235, 3735)


def _encode_png(op, image, compression, **_):
    height, width, channels = image.shape
    if not 1 <= channels <= 4:
        raise ValueError("image must have 1, 2, 3, or 4 channels, got %d" % channels)
    if not -1 <= compression <= 9:
        raise ValueError("compression should be in [-1,9], got %d" % compression)
    _check_pixels(width, height)
    wide = image.dtype == np.uint16
    rows = np.ascontiguousarray(image.astype(">u2") if wide else image)
    rows = rows.reshape(height, -1).view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    filtered[1:, 1:] = rows[1:] - rows[:-1]
    header = struct.pack(">IIBBBBB", width, height, 16 if wide else 8, (0, 4, 2, 6)[channels - 1],
                         0, 0, 0)  # fmt: skip
    parts = [_PNG]
    data = zlib.compress(filtered.tobytes(), compression)
    for name, part in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
        check = zlib.crc32(name + part)
        parts += [struct.pack(">I", len(part)), name, part, struct.pack(">I", check)]
    return _bytes(b"".join(parts))


def _bytes(value):
    out = np.empty((), object)
    out[()] = value
    return out


# -- JPEG ------------------------------------------------------------------------------------------


def _jpeg_frame(contents):
    """(width, height, components, sampling factors) from the header of a JPEG file."""
    at = 2
    while at + 9 < len(contents):
        if contents[at] != 0xFF:
            break
        marker = contents[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        size = struct.unpack(">H", contents[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width, count = struct.unpack(">HHB", contents[at + 5 : at + 10])
            factors = [contents[k] for k in range(at + 11, at + 10 + 3 * count, 3)
                       if k < len(contents)]  # fmt: skip
            return width, height, count, factors
        if marker == 0xDA or size < 2:
            break
        at += 2 + size
    raise ValueError("Invalid JPEG data, size %d" % len(contents))


def _check_jpeg(ratio=1, dct_method="", **others):
    if ratio not in (1, 2, 4, 8):
        raise ValueError("ratio must be 1, 2, 4, or 8, got %d" % ratio)
    if isinstance(dct_method, bytes):
        dct_method = dct_method.decode(errors="replace")
    if dct_method not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
        raise ValueError("dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}")


def _jpeg(contents, channels, ratio=1, fancy_upscaling=1, try_recover_truncated=0,
          acceptable_fraction=1.0, dct_method="", window=None):  # fmt: skip
    if channels not in (0, 1, 3):
        raise ValueError("channels must be 0, 1, or 3 for JPEG, got %d" % channels)
    width, height, count, factors = _jpeg_frame(contents)
    _check_pixels(width, height)
    if not fancy_upscaling and count > 1 and len(set(factors)) > 1 and channels != 1:
        raise NotImplementedError(
            "fancy_upscaling=False of a JPEG whose colours have a lower resolution"
        )
    if try_recover_truncated:
        contents = contents + b"\xff\xd9"  # the decoder then fills what is missing
    image = _open(contents, "JPEG")
    gray = channels == 1 or (channels == 0 and count == 1)
    if gray and count == 4:
        raise ValueError("Invalid JPEG data or crop window, data size %d" % len(contents))
    size = (max(1, width // ratio), max(1, height // ratio))
    if ratio > 1:
        image.draft("L" if gray else image.mode, size)
    elif gray and count == 3:
        image.draft("L", None)
    _load(image, contents, "JPEG")
    wanted = (-(-width // ratio), -(-height // ratio))
    if image.size != wanted:
        image = image.resize(wanted)
    image = image.convert("L" if gray else "RGB")
    pixels = np.asarray(image).reshape(image.size[1], image.size[0], -1)
    if window is not None:
        y, x, h, w = (int(v) for v in window)
        if y < 0 or x < 0 or h <= 0 or w <= 0 or y + h > pixels.shape[0] or x + w > pixels.shape[1]:
            raise ValueError("Invalid JPEG data or crop window, data size %d" % len(contents))
        pixels = pixels[y : y + h, x : x + w]
    return pixels


def _extract_jpeg_shape(op, contents, output_type):
    if not contents.startswith(b"\xff\xd8\xff"):
        raise ValueError("Invalid JPEG data, size %d" % len(contents))
    width, height, count, _ = _jpeg_frame(contents)
    return np.array([height, width, count], _text_of(output_type))


def _text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def _encode_jpeg(op, image, format="", quality=95, progressive=0, optimize_size=0,
                 chroma_downsampling=1, density_unit="in", x_density=300, y_density=300,
                 xmp_metadata=b""):  # fmt: skip
    image_module = _pillow()
    kind = _text_of(format)
    if not 0 <= quality <= 100:
        raise ValueError("quality must be in [0,100], got %d" % quality)
    height, width, channels = image.shape
    _check_pixels(width, height)
    if max(width, height) > 65500:
        raise ValueError("Invalid image dimensions %d x %d" % (width, height))
    if kind == "grayscale" and channels != 1:
        raise ValueError("format grayscale expects 1 channels, got [%d,%d,%d]" % image.shape)
    if kind == "rgb" and channels != 3:
        raise ValueError("format rgb expects 3 channels, got [%d,%d,%d]" % image.shape)
    if channels not in (1, 3):
        raise ValueError("image must have 1 or 3 channels, got [%d,%d,%d]" % image.shape)
    picture = image_module.fromarray(image[:, :, 0] if channels == 1 else image)
    buffer = io.BytesIO()
    picture.save(
        buffer, "JPEG", quality=max(1, quality), progressive=bool(progressive),
        optimize=bool(optimize_size), subsampling=2 if chroma_downsampling else 0,
        dpi=(300, 300),
    )  # fmt: skip
    data = bytearray(buffer.getvalue())
    # The first segment is JFIF's, with the unit at 13 and both densities behind it.
    data[13] = 1 if _text_of(density_unit) == "in" else 2
    data[14:18] = struct.pack(">HH", x_density & 0xFFFF, y_density & 0xFFFF)
    xmp = xmp_metadata.encode() if isinstance(xmp_metadata, str) else xmp_metadata
    if xmp:
        part = b"http://ns.adobe.com/xap/1.0/\0" + xmp
        if len(part) > 65533:
            raise ValueError("xmp_metadata is too long for a JPEG file")
        data[20:20] = b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
    return _bytes(bytes(data))


def _encode_jpeg_variable(op, image, quality):
    return _encode_jpeg(op, image, quality=int(quality))


# -- GIF and BMP -----------------------------------------------------------------------------------


def _gif(contents):
    image = _open(contents, "GIF")
    frames = []
    try:
        while True:
            _check_pixels(image.size[0], image.size[1] * (len(frames) + 1))
            frames.append(np.asarray(image.convert("RGB")))
            image.seek(image.tell() + 1)
    except EOFError:
        pass
    except ValueError:
        raise
    except Exception as error:
        raise ValueError("Invalid GIF data, size %d: %s" % (len(contents), error)) from error
    return np.stack(frames)


def _bmp(op, contents, channels):
    if channels not in (0, 1, 3, 4):
        raise ValueError("channels must be 0, 1, 3 or 4, got %d" % channels)
    if len(contents) < 32:
        raise ValueError("Incomplete bmp content, requires at least 32 bytes to find the header "
                         "size, width, height, and bpp, got %d bytes" % len(contents))  # fmt: skip
    start, _, width, height, _, bits = struct.unpack("<iiiiHH", contents[10:30])
    if channels and channels * 8 != bits:
        raise ValueError("channels attribute %d does not match bits per pixel from file %d"
                         % (channels, bits // 8))  # fmt: skip
    if bits not in (8, 24, 32):
        raise ValueError("Number of channels must be 1, 3 or 4, was %d" % (bits // 8))
    count, rows = bits // 8, abs(height)
    _check_pixels(width, rows)
    line = (count * width + 3) // 4 * 4
    if start < 0 or start + line * rows > len(contents):
        raise ValueError("Incomplete bmp content, requires at least %d bytes, got %d bytes"
                         % (start + line * rows, len(contents)))  # fmt: skip
    pixels = np.frombuffer(contents, np.uint8, line * rows, start).reshape(rows, line)
    pixels = pixels[:, : count * width].reshape(rows, width, count)
    if height > 0:
        pixels = pixels[::-1]
    return pixels[:, :, (0,) if count == 1 else (2, 1, 0) if count == 3 else (2, 1, 0, 3)]


# -- Ops -------------------------------------------------------------------------------------------


def _decode(op, contents, window=None, channels=0, dtype="uint8", **attrs):
    """DecodePng, DecodeJpeg and DecodeGif all take each other's files."""
    if channels not in (0, 1, 3, 4):
        raise ValueError("channels must be 0, 1, 3, or 4, got %d" % channels)
    dtype = _text_of(dtype)
    if op != "DecodePng":
        _check_jpeg(**attrs)
    if contents.startswith(b"\xff\xd8\xff"):
        kind = "JPEG"
    elif contents.startswith(_PNG):
        kind = "PNG"
    elif contents.startswith((b"GIF87a", b"GIF89a")):
        kind = "GIF"
    else:
        raise ValueError("Expected image (JPEG, PNG, or GIF), got %s" % (
            "unknown format starting with %s" % repr(contents[:16])[1:] if contents
            else "empty file"
        ))  # fmt: skip
    if dtype != "uint8" and kind != "PNG":
        raise ValueError("%s does not support uint16 output" % kind)
    if op == "DecodeAndCropJpeg" and kind != "JPEG":
        raise ValueError("DecodeAndCropJpeg operation can run on JPEG only, but got %s." % kind)
    if kind == "JPEG":
        pixels = _jpeg(contents, 3 if op == "DecodeGif" else channels, window=window, **attrs)
    elif kind == "PNG":
        pixels = _png(contents, 3 if op == "DecodeGif" else channels, dtype)
    else:
        if op != "DecodeGif" and channels not in (0, 3):
            raise ValueError("channels must be 0 or 3 for GIF, got %d" % channels)
        pixels = _gif(contents)
        if op == "DecodeGif":
            return pixels
        if len(pixels) > 1:
            raise ValueError(
                "Got %d frames, but animated gifs can only be decoded by tf.image.decode_gif or "
                "tf.image.decode_image" % len(pixels)
            )
        return pixels[0]
    return pixels[None] if op == "DecodeGif" else pixels


_INPUTS = {"DecodeAndCropJpeg": 2, "EncodeJpegVariableQuality": 2}
_FUNCTIONS = {
    "DecodePng": _decode,
    "DecodeJpeg": _decode,
    "DecodeAndCropJpeg": _decode,
    "DecodeGif": _decode,
    "DecodeBmp": _bmp,
    "ExtractJpegShape": _extract_jpeg_shape,
    "EncodePng": _encode_png,
    "EncodeJpeg": _encode_jpeg,
    "EncodeJpegVariableQuality": _encode_jpeg_variable,
}
