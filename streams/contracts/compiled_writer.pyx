# cython: language_level=3, boundscheck=False, wraparound=False, binding=False
"""Writes Avro records in C: the compiled form of `record_writer.py`, which it falls back to.

A schema becomes a tree of writers, one class per type. They write only values of exactly the
expected types. At anything else they give up, and the generated Python function starts over with
the same record: so what is refused, and with which error, is the same in both forms, and so is what
Python accepts beyond (a tuple for a list, texts of 8 KB and more).

    write(record) ──> writers ──> bytes
                         │ LeftFastPath
                         └─────> generated(record)

The type of each object is checked before it is used as such. All state is in the arguments, so that
calls may nest, and run in several threads.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItemWithError
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from streams.contracts.schemas import kind_of

cdef extern from "Python.h":
    int PyFloat_Pack8(double x, char *p, int le) except -1
    int64_t PyLong_AsLongLongAndOverflow(object n, int *overflow) except? -1
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    const char *PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)


class LeftFastPath(Exception):
    """The generated function starts over."""


class NotCovered(Exception):
    """A schema that is left to the generated function."""


cdef enum:
    FIRST_ROOM = 2048  # most records need no other memory
    MOST = 8191  # bytes of a text, items of a list; more are left to the generated function


cdef struct Output:
    char *bytes
    Py_ssize_t length
    Py_ssize_t room
    char first[FIRST_ROOM]


cdef inline char *reserve(Output *output, Py_ssize_t size) except NULL:
    """Returns where the next `size` bytes are to be written."""
    if size > output.room - output.length:
        enlarge(output, size)
    output.length += size
    return output.bytes + output.length - size


cdef int enlarge(Output *output, Py_ssize_t size) except -1:
    cdef Py_ssize_t room = 2 * (output.length + size)
    cdef char *larger
    if output.bytes == output.first:
        larger = <char *>PyMem_Malloc(room)
        if larger != NULL:
            memcpy(larger, output.first, output.length)
    else:
        larger = <char *>PyMem_Realloc(output.bytes, room)
    if larger == NULL:
        raise MemoryError
    output.bytes = larger
    output.room = room
    return 0


cdef inline int put_byte(Output *output, char byte) except -1:
    reserve(output, 1)[0] = byte
    return 0


cdef inline int put_varint(Output *output, uint64_t raw) except -1:
    cdef char groups[10]
    cdef Py_ssize_t size = 0
    while raw > 127:
        groups[size] = <char>(raw & 127 | 128)
        raw >>= 7
        size += 1
    groups[size] = <char>raw
    size += 1
    memcpy(reserve(output, size), groups, size)
    return 0


cdef inline int put_sized(Output *output, const char *content, Py_ssize_t size) except -1:
    """Writes a length and so many bytes."""
    if size > MOST:
        raise LeftFastPath
    put_varint(output, <uint64_t>size << 1)
    memcpy(reserve(output, size), content, size)
    return 0


cdef inline int put_text(Output *output, text) except -1:
    if type(text) is not str:
        raise LeftFastPath
    if PyUnicode_IS_COMPACT_ASCII(text):
        return put_sized(output, PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text))
    cdef bytes encoded = (<str>text).encode()
    return put_sized(output, PyBytes_AS_STRING(encoded), PyBytes_GET_SIZE(encoded))


cdef class Writer:
    """Writes values of one type."""

    cdef int write(self, value, Output *output) except -1:
        raise LeftFastPath


cdef class NullWriter(Writer):
    cdef int write(self, value, Output *output) except -1:
        return 0


cdef class BooleanWriter(Writer):
    cdef int write(self, value, Output *output) except -1:
        if type(value) is not bool:
            raise LeftFastPath
        return put_byte(output, value is True)


cdef class NumberWriter(Writer):
    cdef int write(self, value, Output *output) except -1:
        cdef int overflow = 0
        cdef int64_t number
        if type(value) is not int:
            raise LeftFastPath
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            raise LeftFastPath
        return put_varint(output, <uint64_t>number << 1 ^ -<uint64_t>(number < 0))


cdef class DoubleWriter(Writer):
    cdef int write(self, value, Output *output) except -1:
        if type(value) is not float:
            raise LeftFastPath
        return PyFloat_Pack8(value, reserve(output, 8), 1)


cdef class TextWriter(Writer):
    cdef int write(self, value, Output *output) except -1:
        return put_text(output, value)


cdef class BytesWriter(Writer):
    cdef int write(self, value, Output *output) except -1:
        if type(value) is not bytes:
            raise LeftFastPath
        return put_sized(output, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))


cdef class OptionalWriter(Writer):
    """A union of null and another type."""

    cdef Writer some

    cdef int write(self, value, Output *output) except -1:
        if value is None:
            return put_byte(output, 0)
        put_byte(output, 2)
        return self.some.write(value, output)


cdef class UnionWriter(Writer):
    """Any other union: the first branch whose Python type is that of the value."""

    cdef tuple types
    cdef tuple branches

    cdef int write(self, value, Output *output) except -1:
        cdef Py_ssize_t index
        for index in range(len(self.branches)):
            if type(value) is self.types[index]:
                put_varint(output, <uint64_t>index << 1)
                return (<Writer>self.branches[index]).write(value, output)
        raise LeftFastPath


cdef class ArrayWriter(Writer):
    """One block with all items, then an empty one."""

    cdef Writer item

    cdef int write(self, value, Output *output) except -1:
        if type(value) is not list or len(<list>value) > MOST:
            raise LeftFastPath
        if <list>value:
            put_varint(output, <uint64_t>len(<list>value) << 1)
            for each in <list>value:
                self.item.write(each, output)
        return put_byte(output, 0)


cdef class MapWriter(Writer):
    """One block with all entries, then an empty one."""

    cdef Writer item

    cdef int write(self, value, Output *output) except -1:
        if type(value) is not dict or len(<dict>value) > MOST:
            raise LeftFastPath
        if <dict>value:
            put_varint(output, <uint64_t>len(<dict>value) << 1)
            for key, each in (<dict>value).items():
                put_text(output, key)
                self.item.write(each, output)
        return put_byte(output, 0)


cdef class RecordWriter(Writer):
    """A dict. `optional` holds whether a field may be missing."""

    cdef tuple names, optional, writers

    cdef int write(self, value, Output *output) except -1:
        cdef Py_ssize_t index
        cdef PyObject *found
        if type(value) is not dict:
            raise LeftFastPath
        for index in range(len(self.writers)):
            found = PyDict_GetItemWithError(value, self.names[index])
            if found != NULL:
                (<Writer>self.writers[index]).write(<object>found, output)
            elif self.optional[index]:
                (<Writer>self.writers[index]).write(None, output)
            else:
                raise LeftFastPath
        return 0


cdef class StructWriter(RecordWriter):
    """An object with attributes, some of which are converted."""

    cdef tuple converters  # None for the others

    cdef int write(self, value, Output *output) except -1:
        cdef Py_ssize_t index
        for index in range(len(self.writers)):
            attribute = getattr(value, self.names[index])
            if self.converters[index] is not None:
                attribute = self.converters[index](attribute)
            (<Writer>self.writers[index]).write(attribute, output)
        return 0


cdef class RecordWritten:
    """Holds the function `write` of one schema."""

    cdef RecordWriter record
    cdef object generated

    def __cinit__(self, RecordWriter record not None, generated):
        self.record = record
        self.generated = generated

    def write(self, record):
        try:
            return self.fast_path(record)
        except Exception:
            pass  # the generated function raises the error, or accepts the value
        return self.generated(record)

    cdef bytes fast_path(self, record):
        cdef Output output
        output.bytes = output.first
        output.length = 0
        output.room = FIRST_ROOM
        try:
            self.record.write(record, &output)
            return PyBytes_FromStringAndSize(output.bytes, output.length)
        finally:
            if output.bytes != output.first:
                PyMem_Free(output.bytes)


def compiled_dict_writer(schema, generated):
    """Returns the compiled form of `generated`, a function of `generate_dict_writer`; or that
    function itself, if the schema is not covered."""
    try:
        return RecordWritten(record_writer(RecordWriter(), schema, {}), generated).write
    except NotCovered:
        return generated


def compiled_struct_writer(schema, converted, attributes, generated):
    """Returns the compiled form of `generated`, a function of `generate_struct_writer` with the
    same arguments; or that function itself, if the schema is not covered."""
    cdef StructWriter struct = StructWriter()
    try:
        record_writer(struct, schema, attributes)
    except NotCovered:
        return generated
    struct.converters = tuple([converted.get(field["name"]) for field in schema["fields"]])
    return RecordWritten(struct, generated).write


cdef RecordWriter record_writer(RecordWriter record, schema, attributes):
    fields = schema["fields"]
    record.names = tuple([attributes.get(field["name"], field["name"]) for field in fields])
    record.optional = tuple(
        [isinstance(field["type"], list) and "null" in field["type"] for field in fields]
    )
    record.writers = tuple([writer_of(field["type"]) for field in fields])
    return record


cdef Writer writer_of(schema):
    cdef OptionalWriter optional
    cdef UnionWriter union
    cdef ArrayWriter array
    cdef MapWriter entries
    if isinstance(schema, list):
        writers = [writer_of(branch) for branch in schema]
        if len(schema) == 2 and schema[0] == "null":
            optional = OptionalWriter()
            optional.some = writers[1]
            return optional
        union = UnionWriter()
        union.types = tuple([_TYPES.get(kind_of(branch)) for branch in schema])
        union.branches = tuple(writers)
        return union
    kind = kind_of(schema)
    if kind == "record":
        return record_writer(RecordWriter(), schema, {})
    if kind == "array":
        array = ArrayWriter()
        array.item = writer_of(schema["items"])
        return array
    if kind == "map":
        entries = MapWriter()
        entries.item = writer_of(schema["values"])
        return entries
    if kind not in _WRITERS:
        raise NotCovered
    return _WRITERS[kind]()


_WRITERS = {
    "null": NullWriter,
    "boolean": BooleanWriter,
    "int": NumberWriter,
    "long": NumberWriter,
    "double": DoubleWriter,
    "string": TextWriter,
    "bytes": BytesWriter,
}

_TYPES = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "double": float,
    "string": str,
    "bytes": bytes,
    "array": list,
    "map": dict,
}
