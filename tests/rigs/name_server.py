"""A name server on loopback that answers as a test says, or not at all."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

Answer = Callable[[dns.message.Message], dns.message.Message | None]


def says(*texts: str, rcode: int = dns.rcode.NOERROR) -> Answer:
    """Answer with these TXT records, each in the quoting of a zone file."""

    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.Rcode(rcode))
        if texts:
            name = query.question[0].name
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
        return response

    return answer


def silent(_query: dns.message.Message) -> None:
    """Hear the question and say nothing."""


@contextlib.contextmanager
def name_server(answer: Answer) -> Iterator[dns.resolver.Resolver]:
    """Serve on UDP; yields a resolver that asks only this server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        port = link.getsockname()[1]

        def serve() -> None:
            while True:
                data, asker = link.recvfrom(4096)
                if not data:
                    return
                response = answer(dns.message.from_wire(data))
                if response is not None:
                    link.sendto(response.to_wire(), asker)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        try:
            yield resolver
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", port))
            thread.join()
