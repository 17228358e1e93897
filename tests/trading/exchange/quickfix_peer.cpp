/* A FIX 4.4 initiator made of the QuickFIX engine: orders, a cancel, a question, logout. Each report becomes a line.
 *
 *   quickfix_peer PORT FOLDER
 *
 * The engine checks framing, sequence numbers, times and heartbeats of the other side; what it refuses is printed as
 * "refused". Exit 0 when the script came to its end and the logout was answered.
 */
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>

#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/MessageCracker.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>
#include <quickfix/fix44/BusinessMessageReject.h>
#include <quickfix/fix44/ExecutionReport.h>
#include <quickfix/fix44/NewOrderSingle.h>
#include <quickfix/fix44/OrderCancelReject.h>
#include <quickfix/fix44/OrderCancelRequest.h>
#include <quickfix/fix44/OrderStatusRequest.h>

namespace {

std::mutex printing;

void print(const std::string &line) {
    std::lock_guard<std::mutex> held(printing);
    std::cout << line << std::endl;
}

std::string field(const FIX::Message &message, int tag) {
    return message.isSetField(tag) ? message.getField(tag) : "-";
}

class Peer : public FIX::NullApplication, public FIX::MessageCracker {
  public:
    bool loggedOn = false, loggedOut = false;
    int reports = 0;
    FIX::SessionID session;

    void onLogon(const FIX::SessionID &id) override {
        session = id;
        loggedOn = true;
        print("logon");
    }
    void onLogout(const FIX::SessionID &) override {
        loggedOut = true;
        print("logout");
    }
    void toAdmin(FIX::Message &message, const FIX::SessionID &) override {
        if (message.getHeader().getField(FIX::FIELD::MsgType) == "3") {
            print("refused: " + field(message, FIX::FIELD::Text));
        }
    }
    void fromApp(const FIX::Message &message, const FIX::SessionID &id)
        throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue,
              FIX::UnsupportedMessageType) override {
        crack(message, id);
        reports++;
    }
    void onMessage(const FIX44::ExecutionReport &message, const FIX::SessionID &) override {
        print("report " + field(message, 11) + " type " + field(message, 150) + " status " + field(message, 39) +
              " filled " + field(message, 14) + " left " + field(message, 151));
    }
    void onMessage(const FIX44::OrderCancelReject &message, const FIX::SessionID &) override {
        print("cancel reject " + field(message, 11) + " of " + field(message, 41));
    }
    void onMessage(const FIX44::BusinessMessageReject &message, const FIX::SessionID &) override {
        print("business reject " + field(message, 58));
    }

    void order(const std::string &id, char side, double price, double quantity) {
        FIX44::NewOrderSingle message(FIX::ClOrdID(id), FIX::Side(side), FIX::TransactTime(), FIX::OrdType('2'));
        message.set(FIX::Symbol("BTCUSDT"));
        message.set(FIX::OrderQty(quantity));
        message.set(FIX::Price(price));
        message.set(FIX::TimeInForce('1'));
        FIX::Session::sendToTarget(message, session);
    }
    void cancel(const std::string &id, const std::string &original) {
        FIX44::OrderCancelRequest message(FIX::OrigClOrdID(original), FIX::ClOrdID(id), FIX::Side('1'),
                                          FIX::TransactTime());
        message.set(FIX::Symbol("BTCUSDT"));
        FIX::Session::sendToTarget(message, session);
    }
    void ask(const std::string &id) {
        FIX44::OrderStatusRequest message(FIX::ClOrdID(id), FIX::Side('1'));
        message.set(FIX::Symbol("BTCUSDT"));
        FIX::Session::sendToTarget(message, session);
    }
};

template <typename Condition> bool wait(Condition condition) {
    for (int tries = 0; tries < 1000; tries++) {
        if (condition()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

} // namespace

int main(int count, char **arguments) {
    if (count != 3) {
        return 2;
    }
    const std::string folder = arguments[2];
    std::ofstream(folder + "/peer.cfg") << "[DEFAULT]\nConnectionType=initiator\nReconnectInterval=1\nFileStorePath=" << folder
                                        << "/store\nStartTime=00:00:00\nEndTime=00:00:00\nHeartBtInt=1\nResetOnLogon=Y\n"
                                        << "UseDataDictionary=N\n[SESSION]\nBeginString=FIX.4.4\nSenderCompID=QUICKFIX\nTargetCompID=EXCHANGE\n"
                                        << "SocketConnectHost=127.0.0.1\nSocketConnectPort=" << arguments[1] << "\n";
    Peer peer;
    FIX::SessionSettings settings(folder + "/peer.cfg");
    FIX::FileStoreFactory store(settings);
    FIX::SocketInitiator initiator(peer, store, settings);
    initiator.start();
    bool done = wait([&] { return peer.loggedOn; });
    if (done) {
        peer.order("rests", '1', 59000, 0.5);
        done = wait([&] { return peer.reports >= 1; });
        peer.cancel("takes-off", "rests");
        done = done && wait([&] { return peer.reports >= 2; });
        peer.cancel("too-late", "rests");
        done = done && wait([&] { return peer.reports >= 3; });
        peer.order("crosses", '1', 60000.01, 0.01);
        done = done && wait([&] { return peer.reports >= 5; });
        peer.ask("crosses");
        done = done && wait([&] { return peer.reports >= 6; });
        peer.ask("never");
        done = done && wait([&] { return peer.reports >= 7; });
        std::this_thread::sleep_for(std::chrono::milliseconds(2500)); /* heartbeats of both sides */
    }
    initiator.stop();
    return done && peer.loggedOut ? 0 : 1;
}
