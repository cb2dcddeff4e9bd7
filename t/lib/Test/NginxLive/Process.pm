package Test::NginxLive::Process;

# Copyright (C) nginx-live authors

# Waiting, ports, temporary directories and child processes.  Whatever a test
# has started is dead when the test has ended, whichever way it ended.

use warnings;
use strict;

use Exporter qw/ import /;
use File::Temp ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Time::HiRes qw/ time sleep /;

our @EXPORT_OK = qw/ wait_for free_port temp_dir slurp spit spawn run_command
    factor children tail which /;

our $POLL = 0.02;

# a deadline is for what never comes, on a slow machine too

our $PATIENCE = 2;

my (@procs, %locks);
my $owner = $$;


# Sanitizers make everything slower: deadlines are multiplied.

sub factor {
    return $ENV{LIVE_SANITIZE} ? 4 : 1;
}


# Polls until CODE returns a true value and returns it; dies after TIMEOUT
# seconds, naming WHAT.

sub wait_for {
    my ($code, $timeout, $what) = @_;

    $timeout = ($timeout // 10) * factor() * $PATIENCE;
    $what //= 'condition';

    my $end = time() + $timeout;

    while (1) {
        my $rc = $code->();
        return $rc if $rc;

        last if time() >= $end;
        sleep($POLL);
    }

    my (undef, $file, $line) = caller();
    die "timeout of ${timeout}s waiting for $what at $file line $line\n";
}


# A port nobody uses, TCP and UDP, below the range of outgoing connections.
# A socket without a file keeps it for this test while its server does not
# listen.

sub free_port {
    for (1 .. 2000) {
        my $port = 20000 + int(rand(10000));
        next if $locks{$port};

        my $lock = IO::Socket::UNIX->new(Listen => 1,
            Local => "\0nginx-live-port-$port") or next;

        my $tcp = IO::Socket::INET->new(Proto => 'tcp', Listen => 1,
            LocalAddr => '0.0.0.0', LocalPort => $port, ReuseAddr => 1);
        my $udp = IO::Socket::INET->new(Proto => 'udp',
            LocalAddr => '0.0.0.0', LocalPort => $port);

        next unless $tcp && $udp;

        $locks{$port} = $lock;
        return $port;
    }

    die "no free port\n";
}


# A directory every worker may enter, removed at the end; LIVE_LEAVE=1 keeps it.

sub temp_dir {
    my $dir = File::Temp::tempdir('nginx-live-test-XXXXXXXX', TMPDIR => 1,
        CLEANUP => !$ENV{LIVE_LEAVE});

    chmod(0755, $dir);
    print "# left in $dir\n" if $ENV{LIVE_LEAVE};

    return $dir;
}


sub slurp {
    my ($path) = @_;

    open(my $fh, '<:raw', $path) or return '';
    local $/;

    return scalar(<$fh>) // '';
}


sub spit {
    my ($path, $text) = @_;

    open(my $fh, '>:raw', $path) or die "cannot write $path: $!\n";
    print $fh $text;
    close($fh) or die "cannot write $path: $!\n";

    return $path;
}


sub tail {
    my ($text, $n) = @_;

    my @lines = split(/\n/, $text // '');
    splice(@lines, 0, @lines - $n) if @lines > $n;

    return join("\n", @lines);
}


# The absolute path of a program, or undef.

sub which {
    my ($name) = @_;

    for my $dir (split(/:/, $ENV{PATH}), '/usr/sbin', '/sbin') {
        return "$dir/$name" if -x "$dir/$name" && !-d _;
    }

    return undef;
}


# The pids whose parent is PID.

sub children {
    my ($pid) = @_;
    my @pids;

    for my $file (glob('/proc/[0-9]*/stat')) {
        my $stat = slurp($file);
        next unless $stat =~ /^(\d+) \(.*\) (\S) (\d+) /s;
        push @pids, $1 if $3 == $pid && $2 ne 'Z';
    }

    return sort { $a <=> $b } @pids;
}


# Starts a program in the background: spawn(%options, cmd => [...]).
#
#     cmd      program and arguments
#     code     a function to be run instead, cmd is only its name then
#     env      hash of variables that are added
#     out, err files; without them both go to a file of the temporary directory
#     cwd
#
# The returned object has pid, alive, wait, stop, kill, log, rc.

sub spawn {
    my (%opt) = @_;

    my $self = bless { cmd => $opt{cmd} }, __PACKAGE__;
    $self->{dir} = $opt{dir} // temp_dir();

    my $n = scalar(@procs);
    my ($name) = $opt{cmd}[0] =~ m{([^/]+)$};
    $self->{err} = $opt{err} // "$self->{dir}/$name-$n.err";
    $self->{out} = $opt{out} // "$self->{dir}/$name-$n.out";

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        _child($self, \%opt);
    }

    $self->{pid} = $pid;
    push @procs, $self;

    return $self;
}


sub _child {
    my ($self, $opt) = @_;

    $SIG{$_} = 'DEFAULT' for qw/ INT TERM PIPE HUP /;
    setpgrp(0, 0);

    # PR_SET_PDEATHSIG: a test that is killed leaves nothing behind

    my %prctl = (x86_64 => 157, aarch64 => 167);
    my $call = $prctl{(POSIX::uname())[4]};
    syscall($call, 1, 15) if $call;

    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>', $self->{out}) or POSIX::_exit(127);
    open(STDERR, '>', $self->{err}) or POSIX::_exit(127);

    if ($opt->{env}) {
        $ENV{$_} = $opt->{env}{$_} for keys %{$opt->{env}};
    }

    chdir($opt->{cwd}) if $opt->{cwd};

    if ($opt->{code}) {
        eval { $opt->{code}->(); 1 } or print STDERR $@;
        POSIX::_exit(0);
    }

    { no warnings; exec { $self->{cmd}[0] } @{$self->{cmd}}; }

    print STDERR "cannot run $self->{cmd}[0]: $!\n";
    POSIX::_exit(127);
}


sub pid { $_[0]{pid} }

sub log { slurp($_[0]{err}) }

sub output { slurp($_[0]{out}) }


# The exit status as a shell would give it, undef while it runs.

sub rc { $_[0]->alive ? undef : $_[0]{rc} }


sub alive {
    my ($self) = @_;

    return 0 if defined $self->{rc};

    return !$self->_reap(POSIX::WNOHANG());
}


# True when it is dead: its exit status is known then.

sub _reap {
    my ($self, $flags) = @_;

    my $pid = waitpid($self->{pid}, $flags);
    return 0 if $pid == 0;

    my $status = $?;
    $self->{rc} = $pid < 0 ? 127
                  : $status & 127 ? 128 + ($status & 127) : $status >> 8;

    return 1;
}


# Waits for its end; returns the exit status, dies after TIMEOUT seconds.

sub wait {
    my ($self, $timeout) = @_;

    wait_for(sub { !$self->alive }, $timeout // 30,
        "end of $self->{cmd}[0]");

    return $self->{rc};
}


sub signal {
    my ($self, $sig) = @_;

    return CORE::kill($sig, $self->{pid}) if $self->alive;
    return 0;
}


# SIGINT, as a person would end it; SIGKILL if it does not listen.

sub stop {
    my ($self, $sig, $timeout) = @_;

    return $self->{rc} unless $self->alive;

    CORE::kill($sig // 'INT', $self->{pid});

    my $ok = eval {
        wait_for(sub { !$self->alive }, $timeout // 3, 'end'); 1
    };

    $self->kill unless $ok;

    return $self->{rc};
}


sub kill {
    my ($self) = @_;

    return unless $self->alive;

    CORE::kill('KILL', -$self->{pid}, $self->{pid});
    $self->_reap(0);
}


# Runs a program to its end: { rc, out, err }; rc is 124 after the timeout.

sub run_command {
    my (%opt) = @_;

    my $proc = spawn(%opt);
    my $ok = eval { $proc->wait($opt{timeout} // 30); 1 };

    $proc->kill unless $ok;

    my $res = { rc => $ok ? $proc->{rc} : 124, out => $proc->output,
                err => $proc->log };

    @procs = grep { $_ != $proc } @procs;

    return $res;
}


# Everything that still runs is ended, newest first, except those KEPT.

sub end_all {
    my (@kept) = @_;

    return unless $$ == $owner;

    my %kept = map { $_->{pid} => 1 } @kept;
    my @left = grep { !$kept{$_->{pid}} && $_->alive } reverse @procs;

    CORE::kill('TERM', -$_->{pid}, $_->{pid}) for @left;

    eval { wait_for(sub { !grep { $_->alive } @left }, 1, 'their end') };

    $_->kill for grep { $_->alive } @left;
    @procs = @kept;
}


1;
