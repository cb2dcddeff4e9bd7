
/*
 * Copyright (C) nginx-live authors
 */


/*
 * A process apart from nginx's own.  nginx reaps every child of a worker and
 * logs an alert for one killed by a signal, so it must be nobody's child: the
 * worker makes a process that makes the helper, says its pid, and is gone.
 *
 * Both are made by the system call without a signal for their end, so that
 * no SIGCHLD wakes nginx up, and its waitpid() does not see the first, which
 * the worker waits for here.  The worker may have threads: until execve() the
 * new processes do what is allowed in a signal handler only.
 */


#include "ngx_live_helper.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>


typedef struct {
    int                        messages[2];
    int                        text[2];
    int                        report[2];
} ngx_live_helper_pipes_t;


static ngx_int_t ngx_live_helper_pipes(ngx_live_helper_pipes_t *pipes,
    ngx_log_t *log);
static void ngx_live_helper_close_pair(int *fds);
static void ngx_live_helper_parent(ngx_live_helper_pipes_t *pipes,
    char **argv, ngx_int_t nice);
static void ngx_live_helper_exec(ngx_live_helper_pipes_t *pipes, char **argv,
    ngx_int_t nice);
static void ngx_live_helper_close_from(int fd);


/* fork(), but without SIGCHLD; all arguments are 0 on every architecture */
#define ngx_live_helper_fork()                                                \
    ((ngx_pid_t) syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L))


ngx_int_t
ngx_live_helper_spawn(ngx_live_helper_process_t *process, char **argv,
    ngx_int_t nice, ngx_log_t *log)
{
    int                      status;
    sigset_t                 all, old;
    ngx_err_t                err;
    ngx_pid_t                pid;
    ngx_live_helper_pipes_t  pipes;

    if (ngx_live_helper_pipes(&pipes, log) != NGX_OK) {
        return NGX_ERROR;
    }

    /* nginx's handlers must not run in the new process */

    sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, &old);

    pid = ngx_live_helper_fork();

    if (pid == 0) {
        ngx_live_helper_parent(&pipes, argv, nice);
        _exit(0);
    }

    err = (pid == -1) ? ngx_errno : 0;

    if (pid != -1) {
        while (waitpid(pid, &status, __WALL) == -1 && ngx_errno == NGX_EINTR) {
            /* void */
        }
    }

    (void) sigprocmask(SIG_SETMASK, &old, NULL);

    process->pid = 0;
    process->fd = pipes.messages[0];
    process->log = pipes.text[0];

    (void) close(pipes.messages[1]);
    (void) close(pipes.text[1]);
    (void) close(pipes.report[1]);

    if (pid != -1
        && read(pipes.report[0], &process->pid, sizeof(ngx_pid_t))
           != (ssize_t) sizeof(ngx_pid_t))
    {
        process->pid = 0;
    }

    (void) close(pipes.report[0]);

    if (process->pid > 0) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, log, err, "could not fork a live helper");

    (void) close(process->fd);
    (void) close(process->log);

    return NGX_ERROR;
}


static ngx_int_t
ngx_live_helper_pipes(ngx_live_helper_pipes_t *pipes, ngx_log_t *log)
{
    if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, pipes->messages)
        == -1)
    {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "socketpair() of a live helper failed");
        return NGX_ERROR;
    }

    if (pipe2(pipes->text, O_CLOEXEC) == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "pipe2() of a live helper failed");
        ngx_live_helper_close_pair(pipes->messages);
        return NGX_ERROR;
    }

    if (ngx_nonblocking(pipes->messages[0]) == -1
        || ngx_nonblocking(pipes->text[0]) == -1
        || pipe2(pipes->report, O_CLOEXEC) == -1)
    {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "ioctl() or pipe2() of a live helper failed");
        ngx_live_helper_close_pair(pipes->messages);
        ngx_live_helper_close_pair(pipes->text);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_live_helper_close_pair(int *fds)
{
    (void) close(fds[0]);
    (void) close(fds[1]);
}


/* the process in between; init becomes the helper's parent */

static void
ngx_live_helper_parent(ngx_live_helper_pipes_t *pipes, char **argv,
    ngx_int_t nice)
{
    ngx_pid_t  pid;

    pid = ngx_live_helper_fork();

    if (pid == 0) {
        ngx_live_helper_exec(pipes, argv, nice);
        _exit(127);
    }

    if (pid > 0) {
        (void) !write(pipes->report[1], &pid, sizeof(ngx_pid_t));
    }
}


static void
ngx_live_helper_exec(ngx_live_helper_pipes_t *pipes, char **argv,
    ngx_int_t nice)
{
    int        signo;
    u_char    *p, text[NGX_LIVE_HELPER_LINE_MAX];
    sigset_t   none;

    for (signo = 1; signo < NSIG; signo++) {
        (void) signal(signo, SIG_DFL);
    }

    sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);

    /* not of nginx's terminal; what it starts is killed with it */

    (void) setsid();
    (void) setpriority(PRIO_PROCESS, 0, (int) nice);

    if (dup2(pipes->messages[1], 0) == -1
        || dup2(pipes->text[1], 1) == -1
        || dup2(pipes->text[1], 2) == -1)
    {
        return;
    }

    ngx_live_helper_close_from(3);

    (void) execve(argv[0], argv, environ);

    p = ngx_snprintf(text, sizeof(text), "execve(\"%s\") failed (%d)\n",
                     argv[0], ngx_errno);

    (void) !write(2, text, p - text);
}


/* listening sockets, clients, the master's channel, files: not the helper's */

static void
ngx_live_helper_close_from(int fd)
{
    struct rlimit  limit;

#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned int) fd, ~0U, 0U) == 0) {
        return;
    }
#endif

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1
        || limit.rlim_cur == RLIM_INFINITY)
    {
        limit.rlim_cur = 65536;
    }

    for ( /* void */ ; (rlim_t) fd < limit.rlim_cur; fd++) {
        (void) close(fd);
    }
}


/*
 * A pid is the helper's as long as one of its descriptors is open, which only
 * it and what it has started have: of these it is the process group.  Later
 * it might be somebody else's.
 */

void
ngx_live_helper_signal(ngx_live_helper_t *h, int signo)
{
    struct pollfd  pfds[2];

    if (h->pid == 0 || h->connection == NULL || h->text == NULL) {
        return;
    }

    ngx_memzero(pfds, sizeof(pfds));

    pfds[0].fd = h->connection->fd;
    pfds[1].fd = h->text->fd;

    /* without events only hang-ups are told */

    if (poll(pfds, 2, 0) == 2) {
        return;
    }

    if (kill(-h->pid, signo) == -1) {

        /* it has no group of its own yet */

        (void) kill(h->pid, signo);
    }
}
