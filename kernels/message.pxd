from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "llt_message.h" nogil:
    enum:
        LLT_MESSAGE_SIZE
        LLT_MESSAGE_TRADE
        LLT_MESSAGE_QUOTE

    ctypedef enum llt_message_status:
        LLT_MESSAGE_OK
        LLT_MESSAGE_TRUNCATED
        LLT_MESSAGE_UNKNOWN_TYPE

    llt_message_status llt_message_check(const unsigned char *buffer, size_t size, size_t offset)
    size_t llt_message_check_many(const unsigned char *buffer, size_t size)
    uint8_t llt_message_type(const unsigned char *message)
    uint32_t llt_message_symbol_id(const unsigned char *message)
    int64_t llt_message_price(const unsigned char *message)
    uint64_t llt_message_quantity(const unsigned char *message)
    uint64_t llt_message_timestamp_ns(const unsigned char *message)
    void llt_message_pack(
        unsigned char *message, uint8_t type, uint32_t symbol_id, int64_t price, uint64_t quantity,
        uint64_t timestamp_ns)


cdef class Message:
    cdef Py_buffer view
    cdef const unsigned char *raw
