"""Reads the event files of a run and compares them with its metrics.jsonl.

Usage: event_reader.py RUN images|rows|text|resumed

The messages are those of TensorBoard's tensorboard/compat/proto/: event.proto, summary.proto,
histogram.proto, tensor.proto and tensor_shape.proto, as far as they are used here. Nothing of xgrad
is: names, numbers and types of the fields are restated below, and google.protobuf reads them.
"""

import glob
import json
import math
import struct
import sys
import zlib

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Field = descriptor_pb2.FieldDescriptorProto

# message: (field, number, type or message, repeated)
MESSAGES = {
    "Event": [("wall_time", 1, "double"), ("step", 2, "int64"), ("file_version", 3, "string"),
              ("graph_def", 4, "bytes"), ("summary", 5, "Summary"), ("session_log", 7, "SessionLog")],
    "SessionLog": [("status", 1, "int32")],  # an enum: START is 1
    "Summary": [("value", 1, "Value", True)],
    "Value": [("tag", 1, "string"), ("simple_value", 2, "float"), ("image", 4, "Image"),
              ("histo", 5, "HistogramProto"), ("node_name", 7, "string"), ("tensor", 8, "TensorProto"),
              ("metadata", 9, "SummaryMetadata")],
    "Image": [("height", 1, "int32"), ("width", 2, "int32"), ("colorspace", 3, "int32"),
              ("encoded_image_string", 4, "bytes")],
    "HistogramProto": [("min", 1, "double"), ("max", 2, "double"), ("num", 3, "double"),
                       ("sum", 4, "double"), ("sum_squares", 5, "double"),
                       ("bucket_limit", 6, "double", True), ("bucket", 7, "double", True)],
    "SummaryMetadata": [("plugin_data", 1, "PluginData"), ("display_name", 2, "string"),
                        ("summary_description", 3, "string"), ("data_class", 4, "int32")],
    "PluginData": [("plugin_name", 1, "string"), ("content", 2, "bytes")],
    "TensorProto": [("dtype", 1, "int32"), ("tensor_shape", 2, "TensorShapeProto"),
                    ("version_number", 3, "int32"), ("string_val", 8, "bytes", True)],
    "TensorShapeProto": [("dim", 2, "Dim", True), ("unknown_rank", 3, "bool")],
    "Dim": [("size", 1, "int64"), ("name", 2, "string")],
}
DT_STRING = 7
START = 1


def message_class(name):
    file = descriptor_pb2.FileDescriptorProto(name="events.proto", package="tb", syntax="proto3")
    for message, fields in MESSAGES.items():
        described = file.message_type.add(name=message)
        for field, number, kind, *repeated in fields:
            one = described.field.add(name=field, number=number)
            one.label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
            if kind in MESSAGES:
                one.type, one.type_name = Field.TYPE_MESSAGE, ".tb." + kind
            else:
                one.type = getattr(Field, "TYPE_" + kind.upper())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    described = pool.FindMessageTypeByName("tb." + name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(described)
    return message_factory.MessageFactory(pool).GetPrototype(described)


def crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc32c_table()


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def check(holds, *what):
    if not holds:
        sys.exit("FAILED: " + " ".join(str(one) for one in what))


def records(path):
    """TFRecord: uint64 length, its masked CRC, the data, their masked CRC."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        check(at + 12 <= len(data), path, "ends within the head of a record, at", at)
        length, crc = struct.unpack_from("<QI", data, at)
        check(masked_crc32c(data[at:at + 8]) == crc, path, "wrong CRC of the length at", at)
        check(at + 16 + length <= len(data), path, "ends within a record, at", at)
        content = data[at + 12:at + 12 + length]
        (crc,) = struct.unpack_from("<I", data, at + 12 + length)
        check(masked_crc32c(content) == crc, path, "wrong CRC of the data at", at)
        yield content
        at += 16 + length


def decode_png(data):
    """Height, width and channels, after every chunk's CRC and the length of the pixels were checked."""
    check(data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG file")
    at, pixels, kinds = 8, b"", []
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4:at + 8], data[at + 8:at + 8 + length]
        check(struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + content),
              "wrong CRC of the chunk", kind)
        kinds.append(kind)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", content)
        if kind == b"IDAT":
            pixels += content
        at += 12 + length
    check(kinds[0] == b"IHDR" and kinds[-1] == b"IEND", "chunks", kinds)
    channels = {0: 1, 2: 3}[colour]
    check(depth == 8, "bits of a sample:", depth)
    check(len(zlib.decompress(pixels)) == height * (1 + width * channels), "pixels of the PNG")
    return height, width, channels


def check_histogram(tag, histo):
    check(len(histo.bucket) == len(histo.bucket_limit) > 0, tag, "has no or uneven buckets")
    check(sum(histo.bucket) == histo.num, tag, "buckets add up to", sum(histo.bucket), "of", histo.num)
    check(all(a < b for a, b in zip(histo.bucket_limit, histo.bucket_limit[1:])), tag, "limits descend")
    check(histo.bucket_limit[-1] == histo.max and histo.min <= histo.max, tag, "has values outside")
    slack = 1e-9 * histo.num * max(histo.min ** 2, histo.max ** 2, 1e-30)
    check(histo.sum ** 2 <= histo.num * histo.sum_squares + slack * histo.num, tag, "sums (Cauchy-Schwarz)")


class Series:
    """All values of a run, with what a restart takes back taken back."""

    def __init__(self, folder):
        self.scalars, self.texts, self.images, self.histograms = {}, {}, {}, {}
        self.restarts = 0
        event_class = message_class("Event")
        self.files = sorted(glob.glob(folder + "/events.out.tfevents.*"),
                            key=lambda name: next(self.events(name, event_class)).wall_time)
        check(self.files, "there is no event file in", folder)
        for name in self.files:
            self.read(name, event_class)

    @staticmethod
    def events(name, event_class):
        for record in records(name):
            event = event_class()
            event.ParseFromString(record)
            yield event

    def read(self, name, event_class):
        last_time, last_step = 0, 0
        for number, event in enumerate(self.events(name, event_class)):
            check(event.wall_time >= last_time > 0 or number == 0, name, "time goes back")
            check(1e9 < event.wall_time < 1e10, name, "is not of this age:", event.wall_time)
            last_time = event.wall_time
            check((event.file_version == "brain.Event:2") == (number == 0), name, "version at", number)
            if number == 0:
                check(event.step == 0 and not event.HasField("summary"), name, "first record")
                continue
            check(event.step >= last_step, name, "steps descend to", event.step)
            last_step = event.step
            if event.HasField("session_log"):
                check(event.session_log.status == START and number == 1, name, "session_log")
                self.take_back(event.step)
                self.restarts += 1
                continue
            check(len(event.summary.value) == 1, name, "has an event of", len(event.summary.value))
            self.add(event.step, event.summary.value[0])

    def take_back(self, step):
        for series in (self.scalars, self.texts, self.images, self.histograms):
            for tag in series:
                series[tag] = [one for one in series[tag] if one[0] < step]

    def add(self, step, value):
        tag = value.tag
        check(tag and not value.node_name, "a value without a tag")
        if value.HasField("image"):
            image = value.image
            shape = decode_png(image.encoded_image_string)
            check(shape == (image.height, image.width, image.colorspace), tag, "is a PNG of", shape)
            self.images.setdefault(tag, []).append((step, shape, image.encoded_image_string))
        elif value.HasField("histo"):
            check_histogram(tag, value.histo)
            self.histograms.setdefault(tag, []).append((step, value.histo))
        elif value.HasField("tensor"):
            check(value.metadata.plugin_data.plugin_name == "text", tag, "is for no plugin")
            check(value.tensor.dtype == DT_STRING and len(value.tensor.string_val) == 1
                  and not value.tensor.tensor_shape.dim, tag, "is no scalar of strings")
            self.texts.setdefault(tag, []).append((step, value.tensor.string_val[0].decode("utf-8")))
        else:
            self.scalars.setdefault(tag, []).append((step, value.simple_value))


def of_metrics(folder):
    """What metrics.jsonl says, as tags and (step, value)."""
    scalars, texts = {}, {}
    with open(folder + "/metrics.jsonl", encoding="utf-8") as file:
        for line in file:
            line = json.loads(line)
            step = line.pop("step")
            line.pop("kind")
            for key, value in line.items():
                if isinstance(value, str):
                    texts.setdefault(key, []).append((step, value))
                elif isinstance(value, dict):
                    for part, number in value.items():
                        scalars.setdefault(key + "/" + part, []).append((step, number))
                else:
                    scalars.setdefault(key, []).append((step, value))
    return scalars, texts


def as_float32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def main(folder, kind):
    series = Series(folder)
    scalars, texts = of_metrics(folder)
    check(set(series.scalars) == set(scalars), "tags", sorted(set(series.scalars) ^ set(scalars)))
    for tag, values in scalars.items():
        check([(step, as_float32(value)) for step, value in values] == series.scalars[tag],
              tag, "differs from metrics.jsonl")
    check(any(math.isfinite(value) for _, value in series.scalars["loss"]), "no loss")
    check(set(series.texts) == set(texts), "texts", sorted(series.texts))
    for tag, values in texts.items():
        for (step, text), (at, markdown) in zip(values, series.texts[tag], strict=True):
            fence = markdown[:len(markdown) - len(markdown.lstrip("`"))]
            check(step == at and markdown == fence + "\n" + text + "\n" + fence, tag, "differs at", step)
            check(len(fence) >= 3 and fence not in text, tag, "breaks out of its fence at", step)

    epochs = [step for step, _ in series.scalars["train_loss"]]
    check(series.histograms, "no histograms")
    for tag, values in series.histograms.items():
        steps = [step for step, _ in values]
        check(tag.startswith("weights/") and steps and set(steps) <= set(epochs), tag, "at", steps)
        check(len({histo.num for _, histo in values}) == 1, tag, "has weights now and then")
    check(len(series.files) == (2 if kind == "resumed" else 1), "files", series.files)
    check(series.restarts == (1 if kind == "resumed" else 0), "restarts", series.restarts)
    if kind in ("images", "resumed"):
        filters = series.images["filters"]
        check([step for step, *_ in filters] == [0] + epochs, "filters at", [f[0] for f in filters])
        # They change by more than a pixel shows, but for the last epochs, at hardly any learning rate.
        early = filters[:1 + (len(epochs) + 1) // 2]
        check(len({png for *_, png in early}) == len(early), "filters that do not change")
        # Filters of 5x5, 8 pixels each, in rows of 8 at most, with a line of a pixel between.
        across, down = (6, 1) if kind == "images" else (8, 2)
        side = 5 * 8 + 1
        check({shape for _, shape, _ in filters} == {(down * side - 1, across * side - 1, 3)},
              "filters of", filters[0][1])
    if kind == "text":
        check(not series.images, "pictures of a text")
    elif kind != "resumed" or "worst mistakes" in series.images:  # which may have learned all by heart
        (step, (height, width, channels), _), = series.images["worst mistakes"]
        check((step, height, width, channels) == (epochs[-1], 4 * 57 - 1, 6 * 57 - 1, 1),
              "worst mistakes at", step, "of", height, width, channels)
    check(("filters" in series.images) == (kind in ("images", "resumed")), "pictures", list(series.images))
    by_tensorboard(folder, series)
    print(folder.rsplit("/", 1)[-1] + ":", sum(map(len, series.scalars.values())), "scalars,",
          sum(map(len, series.histograms.values())), "histograms,",
          sum(map(len, series.images.values())), "images,",
          sum(map(len, series.texts.values())), "texts are right")


def by_tensorboard(folder, series):
    """The same by TensorBoard itself, where it is there."""
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        return
    loaded = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    loaded.Reload()
    tags = loaded.Tags()
    found = set(tags["scalars"]) | set(tags["images"]) | set(tags["tensors"]) | set(tags["histograms"])
    for one in (series.scalars, series.images, series.texts, series.histograms):
        check(set(one) <= found, "TensorBoard misses", set(one) - found)
    print("TensorBoard itself loads it")


main(*sys.argv[1:])
