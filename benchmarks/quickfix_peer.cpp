// quickfix with the interface of codec_peers.cpp: it validates, walks all fields and has price and quantity converted.
// Its headers are C++14.
#include <quickfix/Message.h>

#include <cstddef>
#include <cstdlib>
#include <string>

extern "C" int fix_quickfix(const char *texts, const size_t *offsets, const size_t *sizes, size_t count) {
    FIX::Message message;
    double sum = 0;
    for (size_t at = 0; at < count; at++) {
        try {
            message.setString(std::string(texts + offsets[at], sizes[at]), true);
            sum += std::atof(message.getField(44).c_str()) + std::atof(message.getField(38).c_str());
        } catch (const std::exception &) {
            return 1;
        }
    }
    return sum == 0;
}

extern "C" const char *peers() { return "fix_quickfix"; }
