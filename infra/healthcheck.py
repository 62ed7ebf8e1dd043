"""``python -m infra.healthcheck URL``: exit code 0 when it answers 200. The standard library only: it runs often."""

import http.client
import sys
from urllib.parse import urlsplit

TIMEOUT_S = 8.0


def main(url: str) -> str | None:
    """Return what is wrong, or None."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", place.path)
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")[:500]
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error}"
    finally:
        connection.close()
    return None if answer.status == http.client.OK else f"{url} answers {answer.status}: {said}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
