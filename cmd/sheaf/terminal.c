#include "terminal.h"

#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void terminal_guard_streams(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF)
            continue;
        /* Opened the wrong way round: reading or writing it still gives "bad file descriptor". */
        const int mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (open("/dev/null", mode) != descriptor)
            return; /* no /dev/null: as good as it gets */
    }
}

bool terminal_is_screen(FILE *stream)
{
    if (!isatty(fileno(stream)))
        return false;
    const char *kind = getenv("TERM");
    return kind == NULL || strcmp(kind, "dumb") != 0;
}

unsigned terminal_width(FILE *stream)
{
    enum { WIDTH_DEFAULT = 80 };
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return WIDTH_DEFAULT;
    return size.ws_col;
}

bool terminal_flush_output(void)
{
    const bool lost = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !lost)
        return true;
    message("cannot write standard output: %s", errno != 0 ? strerror(errno) : "write error");
    return false;
}
