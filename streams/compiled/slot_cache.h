/* Look-ups of attributes that are slots, as CPython's interpreter specialises them (LOAD_ATTR_SLOT)
 * and its C API doesn't: the state, the program and the effects are msgspec Structs, and compiled
 * code spends much of its time in looking up their fields. A field found once is read by its offset
 * while the type stays unchanged. Measured in three alternating runs of `benchmarks.engine` against the
 * same modules without it: deciding takes 0.88 of the time (0.86 to 0.95).
 *
 * An entry is used only if type, name and version tag are those it was made for; CPython gives a
 * type another tag when it or one of its bases changes. It relies on the GIL.
 */
#include <Python.h>
#include <structmember.h>
#include <stdint.h>

#define SLOTS 1024

typedef struct {
    PyTypeObject *type;
    PyObject *name; /* held: another string at its address would be taken for it */
    unsigned int version;
    Py_ssize_t offset;
} Slot;

static Slot slot_cache[SLOTS];

static __attribute__((noinline)) PyObject *
look_up(PyObject *object, PyObject *name, Slot *slot)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type->tp_getattro != PyObject_GenericGetAttr) {
        return PyObject_GetAttr(object, name);
    }
    PyObject *found = _PyType_Lookup(type, name); /* borrowed; gives the type a version tag */
    if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type)) {
        PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
        if (member->type == T_OBJECT_EX
            && PyType_IsSubtype(type, ((PyDescrObject *)found)->d_type)
            && type->tp_version_tag != 0) { /* newer Pythons no longer set the flag for that */
            PyObject *before = slot->name;
            *slot = (Slot){type, Py_NewRef(name), type->tp_version_tag, member->offset};
            Py_XDECREF(before);
        }
    }
    return PyObject_GenericGetAttr(object, name);
}

/* The attribute `name` of `object` as a new reference; NULL with an exception if there is none. */
static inline PyObject *
get_attribute(PyObject *object, PyObject *name)
{
    PyTypeObject *type = Py_TYPE(object);
    uintptr_t hash = ((uintptr_t)type >> 4) ^ ((uintptr_t)type >> 12) ^ ((uintptr_t)name >> 4);
    Slot *slot = &slot_cache[hash & (SLOTS - 1)];
    if (slot->type == type && slot->name == name && slot->version == type->tp_version_tag) {
        PyObject *value = *(PyObject **)((char *)object + slot->offset);
        if (value != NULL) {
            return Py_NewRef(value);
        }
    }
    return look_up(object, name, slot);
}
