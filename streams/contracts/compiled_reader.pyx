# cython: language_level=3, boundscheck=False, wraparound=False, binding=False
"""Reads Avro records in C: the compiled form of `record_reader.py`, which it falls back to.

A plan of `resolution.py` becomes a tree of readers, one class per type. They read only bytes that
match their schema. At anything else they give up, and the generated Python function starts over
with the same arguments: so what is refused, and with which error, is the same in both forms.

    read(b, p) ──> readers ──> fields, end
                      │ LeftFastPath
                      └─────> generated(b, p)

Nothing reads beyond the end of the bytes, or allocates more than in proportion to them: each length
and count is compared with the bytes left before it is used. All state is in the arguments, so that
calls may nest, and run in several threads.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Copy, PyDict_SetItem
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint64_t

from streams.contracts import resolution

cdef extern from "Python.h":
    double PyFloat_Unpack4(const char *p, int le) except? -1.0
    double PyFloat_Unpack8(const char *p, int le) except? -1.0


class LeftFastPath(Exception):
    """The generated function starts over."""


cdef struct Cursor:
    const unsigned char *at
    const unsigned char *end


cdef inline int take_varint(Cursor *cursor, uint64_t *number) except -1:
    """Takes a number, before zigzag: at most 64 bits in ten bytes."""
    cdef uint64_t byte
    cdef int shift = 7
    if cursor.at == cursor.end:
        raise LeftFastPath
    number[0] = cursor.at[0]
    cursor.at += 1
    if number[0] < 128:
        return 0
    number[0] &= 127
    while True:
        if cursor.at == cursor.end:
            raise LeftFastPath
        byte = cursor.at[0]
        cursor.at += 1
        if shift == 63 and byte > 1:
            raise LeftFastPath
        number[0] |= (byte & 127) << shift
        if byte < 128:
            return 0
        shift += 7


cdef inline Py_ssize_t take_length(Cursor *cursor) except -1:
    """Takes the length of a text or a block: not negative, at most the bytes left."""
    cdef uint64_t raw
    take_varint(cursor, &raw)
    if raw & 1 or raw >> 1 > <uint64_t>(cursor.end - cursor.at):
        raise LeftFastPath
    return <Py_ssize_t>(raw >> 1)


cdef inline bint take_count(Cursor *cursor, uint64_t *count, bint *has_size) except -1:
    """Takes the count of items of a block; returns whether there are any. A negative count is
    followed by the size of the block in bytes."""
    cdef uint64_t raw
    take_varint(cursor, &raw)
    has_size[0] = raw & 1
    count[0] = (raw >> 1) + (raw & 1)
    return raw != 0


cdef inline const char *take(Cursor *cursor, Py_ssize_t size) except NULL:
    """Takes `size` bytes."""
    if size > cursor.end - cursor.at:
        raise LeftFastPath
    cursor.at += size
    return <const char *>(cursor.at - size)


cdef class Reader:
    """Reads or skips values of one type. A value has at least `least` bytes, or exactly so many if
    `is_sized`."""

    cdef Py_ssize_t least
    cdef bint is_sized

    def __cinit__(self):
        self.least = 1

    cdef object read(self, Cursor *cursor):
        raise LeftFastPath

    cdef int skip(self, Cursor *cursor) except -1:
        take(cursor, self.least)
        return 0


cdef class NullReader(Reader):
    cdef object read(self, Cursor *cursor):
        return None


cdef class BooleanReader(Reader):
    cdef object read(self, Cursor *cursor):
        cdef unsigned char byte = take(cursor, 1)[0]
        if byte > 1:
            raise LeftFastPath
        return byte == 1


cdef class FloatReader(Reader):
    cdef object read(self, Cursor *cursor):
        return PyFloat_Unpack4(take(cursor, 4), 1)


cdef class DoubleReader(Reader):
    cdef object read(self, Cursor *cursor):
        return PyFloat_Unpack8(take(cursor, 8), 1)


cdef class NumberReader(Reader):
    """A whole number; the index of an enum's symbol, which is skipped."""

    cdef bint as_double

    cdef object read(self, Cursor *cursor):
        cdef uint64_t raw
        cdef int64_t number
        take_varint(cursor, &raw)
        number = <int64_t>((raw >> 1) ^ (~(raw & 1) + 1))
        if self.as_double:
            return <double>number
        return number

    cdef int skip(self, Cursor *cursor) except -1:
        cdef uint64_t raw
        return take_varint(cursor, &raw)


cdef class BytesReader(Reader):
    cdef object read(self, Cursor *cursor):
        cdef Py_ssize_t size = take_length(cursor)
        return PyBytes_FromStringAndSize(take(cursor, size), size)

    cdef int skip(self, Cursor *cursor) except -1:
        take(cursor, take_length(cursor))
        return 0


cdef class TextReader(BytesReader):
    cdef object read(self, Cursor *cursor):
        cdef Py_ssize_t size = take_length(cursor)
        return PyUnicode_DecodeUTF8(take(cursor, size), size, NULL)


cdef class UnionReader(Reader):
    cdef tuple branches

    cdef Reader branch(self, Cursor *cursor):
        cdef unsigned char raw = take(cursor, 1)[0]  # one byte, as in the generated form
        if raw & 1 or raw >> 1 >= len(self.branches):
            raise LeftFastPath
        return <Reader>self.branches[raw >> 1]

    cdef object read(self, Cursor *cursor):
        return self.branch(cursor).read(cursor)

    cdef int skip(self, Cursor *cursor) except -1:
        return self.branch(cursor).skip(cursor)


cdef class ArrayReader(Reader):
    """Blocks of items, up to an empty one."""

    cdef Reader item

    cdef uint64_t items(self, Cursor *cursor) except? 0xBAD:
        """Takes the head of a block to be read; returns its number of items, 0 at the end."""
        cdef uint64_t count, size
        cdef bint has_size
        if not take_count(cursor, &count, &has_size):
            return 0
        if has_size:
            take_varint(cursor, &size)
            if size & 1:
                raise LeftFastPath
        self.check_room(cursor, count)
        return count

    cdef int check_room(self, Cursor *cursor, uint64_t count) except -1:
        cdef uint64_t left = <uint64_t>(cursor.end - cursor.at)
        if self.item.least > 0 and count > left // <uint64_t>self.item.least:
            raise LeftFastPath
        return 0

    cdef object read(self, Cursor *cursor):
        cdef list values = []
        cdef uint64_t count = self.items(cursor)
        while count > 0:
            while count > 0:
                values.append(self.item.read(cursor))
                count -= 1
            count = self.items(cursor)
        return values

    cdef int skip(self, Cursor *cursor) except -1:
        cdef uint64_t count
        cdef bint has_size
        while take_count(cursor, &count, &has_size):
            if has_size:
                take(cursor, take_length(cursor))
                continue
            self.check_room(cursor, count)
            if self.item.is_sized:
                if self.item.least > 0:
                    take(cursor, <Py_ssize_t>count * self.item.least)
                continue
            while count > 0:
                self.skip_item(cursor)
                count -= 1
        return 0

    cdef int skip_item(self, Cursor *cursor) except -1:
        return self.item.skip(cursor)


cdef class EntryReader(TextReader):
    """The key of a map and its value."""

    cdef Reader value

    cdef int skip(self, Cursor *cursor) except -1:
        TextReader.skip(self, cursor)
        return self.value.skip(cursor)


cdef class MapReader(ArrayReader):
    """Blocks of entries."""

    cdef object read(self, Cursor *cursor):
        cdef dict values = {}
        cdef EntryReader entry = <EntryReader>self.item
        cdef uint64_t count = self.items(cursor)
        while count > 0:
            while count > 0:
                key = entry.read(cursor)
                PyDict_SetItem(values, key, entry.value.read(cursor))
                count -= 1
            count = self.items(cursor)
        return values


cdef class FieldReader:
    """A field of a record. `name` is None if it is skipped; `place` is its position among those
    read apart, or -1."""

    cdef Reader reader
    cdef object name
    cdef Py_ssize_t place


cdef class RecordReader(Reader):
    cdef tuple fields
    cdef dict result  # with the defaults of fields that are not written
    cdef tuple lists  # names of fields whose default is an empty list
    cdef tuple maps

    cdef object read(self, Cursor *cursor):
        return self.read_fields(cursor, None)

    cdef object read_fields(self, Cursor *cursor, tuple apart):
        cdef FieldReader field
        # a copy has its size and its order at once
        cdef dict values = PyDict_Copy(self.result)
        for name in self.lists:
            values[name] = []
        for name in self.maps:
            values[name] = {}
        for each in self.fields:
            field = <FieldReader>each
            if field.name is None:
                field.reader.skip(cursor)
            elif field.place < 0:
                PyDict_SetItem(values, field.name, field.reader.read(cursor))
            else:
                set_item(apart, field.place, field.reader.read(cursor))
        return values

    cdef int skip(self, Cursor *cursor) except -1:
        for each in self.fields:
            (<FieldReader>each).reader.skip(cursor)
        return 0


cdef inline int set_item(tuple values, Py_ssize_t index, object value) except -1:
    """Fills an empty place of a new tuple."""
    Py_INCREF(value)
    PyTuple_SET_ITEM(values, index, value)
    return 0


cdef class RecordRead:
    """Holds the function `read` of one pair of schemas. `apart` is the number of such fields."""

    cdef RecordReader record
    cdef Py_ssize_t apart
    cdef object generated

    def __cinit__(self, plan, tuple apart not None, generated):
        self.record = record_reader(plan, apart)
        self.apart = len(apart)
        self.generated = generated
        # no place of the result may be left empty, or be filled twice
        places = [(<FieldReader>field).place for field in self.record.fields]
        if sorted([place for place in places if place >= 0]) != list(range(self.apart)):
            raise resolution.NotCovered

    def read(self, b, p):
        try:
            return self.fast_path(b, p)
        except Exception:
            pass  # the generated function raises the error, or accepts the value
        return self.generated(b, p)

    cdef tuple fast_path(self, b, p):
        cdef Cursor cursor
        cdef Py_ssize_t start = p
        cdef tuple result
        if type(b) is not bytes or not 0 <= start <= PyBytes_GET_SIZE(b):
            raise LeftFastPath
        cdef const unsigned char *first = <const unsigned char *>PyBytes_AS_STRING(b)
        cursor.at = first + start
        cursor.end = first + PyBytes_GET_SIZE(b)
        result = PyTuple_New(self.apart + 2)
        set_item(result, self.apart, self.record.read_fields(&cursor, result))
        set_item(result, self.apart + 1, cursor.at - first)
        return result


def compiled_reader(plan, apart, generated):
    """Returns the compiled form of the function `generated`, for a plan of `resolution.py`; or that
    function itself, if the plan is not covered."""
    try:
        return RecordRead(plan, apart, generated).read
    except resolution.NotCovered:
        return generated


cdef Reader reader_of(plan, bint is_skipped):
    cdef UnionReader union
    cdef ArrayReader blocks
    cdef EntryReader entry
    if isinstance(plan, resolution.ReadRecord):
        return record_reader(plan, ())
    if isinstance(plan, resolution.ReadUnion):
        union = UnionReader()
        union.branches = tuple([reader_of(branch, is_skipped) for branch in plan.branches])
        return union
    if isinstance(plan, resolution.ReadArray):
        blocks = ArrayReader()
        blocks.item = reader_of(plan.items, is_skipped)
        if blocks.item.least == 0 and not is_skipped:
            raise resolution.NotCovered  # a count alone could ask for any memory
        return blocks
    if isinstance(plan, resolution.ReadMap):
        blocks, entry = MapReader(), EntryReader()
        entry.value = reader_of(plan.values, is_skipped)
        entry.least += entry.value.least
        blocks.item = entry
        return blocks
    return value_reader(plan)


cdef Reader value_reader(plan):
    cdef Reader reader
    if plan.kind in resolution.WHOLE_NUMBERS or plan.kind == "enum":
        reader = NumberReader()
        (<NumberReader>reader).as_double = plan.as_double
        return reader
    reader = _READERS[plan.kind]()
    if plan.size is not None:
        reader.least, reader.is_sized = plan.size, True
    return reader


_READERS = {
    "null": NullReader,
    "boolean": BooleanReader,
    "float": FloatReader,
    "double": DoubleReader,
    "bytes": BytesReader,
    "string": TextReader,
    "fixed": Reader,
}


cdef RecordReader record_reader(plan, tuple apart):
    cdef RecordReader record = RecordReader()
    cdef FieldReader field
    fields, read = [], set()
    record.least, record.is_sized = 0, True
    for name, inner in plan.fields:
        field = FieldReader()
        field.name = name
        field.place = apart.index(name) if name in apart else -1
        field.reader = reader_of(inner, name is None)
        fields.append(field)
        read.add(name)
        record.least += field.reader.least
        record.is_sized = record.is_sized and field.reader.is_sized
    defaults = {name: default for name, default in plan.result.items() if name not in read}
    lists = [name for name, default in defaults.items() if isinstance(default, list)]
    maps = [name for name, default in defaults.items() if isinstance(default, dict)]
    if any([defaults[name] for name in lists + maps]):
        raise resolution.NotCovered
    record.fields = tuple(fields)
    record.result = {name: default for name, default in plan.result.items() if name not in apart}
    record.lists, record.maps = tuple(lists), tuple(maps)
    return record
