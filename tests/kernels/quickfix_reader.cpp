// What quickfix reads: a message a line of standard input in hexadecimal, its fields a line, or "refused".
#include <quickfix/Message.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

typedef std::vector<std::pair<int, std::string>> Fields;

static void collect(const FIX::FieldMap &map, Fields &fields) {
    for (FIX::FieldMap::const_iterator at = map.begin(); at != map.end(); ++at) {
        fields.push_back({at->getTag(), at->getString()});
    }
}

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::string text;
        for (size_t at = 0; at + 1 < line.size(); at += 2) {
            text.push_back(static_cast<char>(std::stoi(line.substr(at, 2), nullptr, 16)));
        }
        try {
            FIX::Message message;
            message.setString(text, true);
            Fields fields;
            collect(message.getHeader(), fields);
            collect(message, fields);
            collect(message.getTrailer(), fields);
            std::sort(fields.begin(), fields.end());
            static const char digits[] = "0123456789abcdef";
            for (const auto &field : fields) {
                std::cout << field.first << '=';
                for (unsigned char byte : field.second) std::cout << digits[byte >> 4] << digits[byte & 15];
                std::cout << ' ';
            }
            std::cout << '\n';
        } catch (const std::exception &) {
            std::cout << "refused\n";
        }
    }
}
