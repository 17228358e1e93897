/* The record of codec_peers.py read by functions written for it alone: nothing is looked up, and what they cost is what
 * Python asks for the call, the tuple and its values. No reader of declared layouts that makes new values can be below.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "llt_bytes.h"

enum { SIZE = 36 };

static const unsigned char *start(PyObject *record) {
    if (!PyBytes_CheckExact(record) || PyBytes_GET_SIZE(record) < SIZE) {
        PyErr_SetString(PyExc_ValueError, "no record");
        return NULL;
    }
    return (const unsigned char *)PyBytes_AS_STRING(record);
}

static PyObject *text(const unsigned char *at, Py_ssize_t size) {
    return PyBytes_FromStringAndSize((const char *)at, size);
}

static PyObject *all_fields(PyObject *module, PyObject *record) {
    (void)module;
    const unsigned char *at = start(record);
    PyObject *values = at == NULL ? NULL : PyTuple_New(10);
    if (values != NULL) {
        PyTuple_SET_ITEM(values, 0, text(at, 1));
        PyTuple_SET_ITEM(values, 1, PyLong_FromLong(llt_load_be16(at + 1)));
        PyTuple_SET_ITEM(values, 2, PyLong_FromLong(llt_load_be16(at + 3)));
        PyTuple_SET_ITEM(values, 3, PyLong_FromLong(llt_load_be32(at + 5)));
        PyTuple_SET_ITEM(values, 4, PyLong_FromUnsignedLongLong(llt_load_be64(at + 9)));
        PyTuple_SET_ITEM(values, 5, text(at + 17, 1));
        PyTuple_SET_ITEM(values, 6, PyLong_FromLong(llt_load_be32(at + 18)));
        PyTuple_SET_ITEM(values, 7, text(at + 22, 8));
        PyTuple_SET_ITEM(values, 8, PyLong_FromLong(llt_load_be32(at + 30)));
        PyTuple_SET_ITEM(values, 9, PyLong_FromLong(llt_load_be16(at + 34)));
    }
    return values;
}

static PyObject *reference_and_price(PyObject *module, PyObject *record) {
    (void)module;
    const unsigned char *at = start(record);
    PyObject *values = at == NULL ? NULL : PyTuple_New(2);
    if (values != NULL) {
        PyTuple_SET_ITEM(values, 0, PyLong_FromUnsignedLongLong(llt_load_be64(at + 9)));
        PyTuple_SET_ITEM(values, 1, PyLong_FromLong(llt_load_be32(at + 30)));
    }
    return values;
}

static PyMethodDef methods[] = {
    {"all_fields", all_fields, METH_O, NULL},
    {"reference_and_price", reference_and_price, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "record_by_hand", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_record_by_hand(void) { return PyModule_Create(&definition); }
