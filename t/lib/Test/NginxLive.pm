package Test::NginxLive;

# Copyright (C) nginx-live authors

# Starts a real nginx with the modules built and judges it when it ends: a
# test fails when the error log holds an alert, a sanitizer has reported or
# nginx does not exit in time, whatever the test itself has found.
#
#     use Test::NginxLive;
#
#     my $t = Test::NginxLive->new(
#         live   => 'zone live 64m; application live { publish any; }',
#         stream => 'server { listen %%PORT_rtmp%%; live_rtmp; }',
#         http   => 'server { listen %%PORT_http%%;
#                             location /status { live_status; } }'
#     )->start;
#
#     my $pub = publish($t->rtmp('live/a'));
#     wait_for(sub { $t->json('/status') }, 10, 'status');
#
# Options of new: main, live, stream, http, events (texts put into their
# blocks; a block without text is left out), order (of the blocks), before and
# after (texts around load_module), workers (2), modules (names of .so files
# without suffix, those of the suite that are built), level (info),
# exit_timeout (10), env (of nginx: a hash).  Or conf: a whole configuration,
# which has to write to %%DIR%%/error.log and %%DIR%%/nginx.pid.
# In the texts %%PORT_name%% is a free port, %%DIR%% the server's directory,
# %%TOP%% the source tree, %%CERT%% and %%KEY%% a self-signed certificate.

use warnings;
use strict;

use Exporter ();
use Cwd ();
use File::Basename ();
use IO::Socket::INET;
use JSON::PP ();
use Test::More ();
use Time::HiRes qw/ time sleep /;

use Test::NginxLive::HTTP;
use Test::NginxLive::Media qw/ publish encoder_args play ffprobe rtmpdump
    decodes /;
use Test::NginxLive::Process qw/ wait_for free_port temp_dir slurp spit spawn
    run_command factor children tail which /;

our @ISA = qw/ Exporter /;
our @EXPORT = qw/ wait_for free_port temp_dir slurp spit spawn run_command
    factor publish encoder_args play ffprobe rtmpdump decodes http curl
    redis /;

our $TOP = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../../..');
our $BUILD = $ENV{NGX_LIVE_BUILD}
             || "$TOP/build" . ($ENV{LIVE_SANITIZE} ? '/sanitize' : '');

# load order: the core first

my @MODULES = qw/ ngx_live_module ngx_live_test_module
    ngx_stream_live_rtmp_module ngx_http_live_flv_module
    ngx_http_live_hls_module ngx_live_token_module
    ngx_http_live_token_module ngx_stream_live_token_module
    ngx_http_live_chat_module ngx_stream_live_sfu_module /;

my $BAD = qr/\[(?:alert|crit|emerg)\]|open socket #|Sanitizer|runtime error:/;

my @servers;
my $owner = $$;

$SIG{$_} = sub { exit(1) } for qw/ INT TERM HUP /;


sub new {
    my ($class, %opt) = @_;

    my $self = bless { workers => 2, level => 'info', ports => {}, %opt,
                       expected => [], allowed => [] }, $class;

    $self->{dir} = temp_dir();
    mkdir("$self->{dir}/san");
    chmod(0777, "$self->{dir}/san");

    push @servers, $self;

    return $self;
}


# Skips the whole test unless the .so files named (without ngx_ and _module)
# have been built.

sub need {
    my ($class, @names) = @_;

    for my $name (@names) {
        next if grep { -f "$BUILD/modules/$_.so" }
                "ngx_${name}_module", "ngx_http_${name}_module",
                "ngx_stream_${name}_module", $name;
        Test::More::plan(skip_all => "$name is not built");
    }
}


# Skips the whole test unless the programs are there.

sub need_program {
    my ($class, @names) = @_;

    for my $name (@names) {
        Test::More::plan(skip_all => "no $name") unless which($name);
    }
}


sub dir { $_[0]{dir} }

sub top { $TOP }

sub build { $BUILD }

sub path { "$_[0]{dir}/$_[1]" }


sub port {
    my ($self, $name) = @_;
    return $self->{ports}{$name} //= free_port();
}


# URLs at the ports called rtmp and http.

sub rtmp {
    my ($self, $path, $port) = @_;
    return 'rtmp://127.0.0.1:' . $self->port($port // 'rtmp') . "/$path";
}


sub url {
    my ($self, $path, $port) = @_;
    return 'http://127.0.0.1:' . $self->port($port // 'http') . $path;
}


# The suite's .so files that are built, in load order.

sub built {
    return grep { -f "$BUILD/modules/$_.so" } @MODULES;
}


sub nginx_binary {
    return "$BUILD/nginx/objs/nginx" if -x "$BUILD/nginx/objs/nginx";
    return which('nginx') // die "no nginx\n";
}


sub stream_module {
    return "$BUILD/modules/ngx_stream_module.so"
        if -f "$BUILD/modules/ngx_stream_module.so";
    return '/usr/lib/nginx/modules/ngx_stream_module.so';
}


# Changes texts of the configuration; reload() or start() applies them.

sub set {
    my ($self, %opt) = @_;

    @$self{keys %opt} = values %opt;
    return $self;
}


sub write_conf {
    my ($self) = @_;

    my $user = _user();

    if (defined $self->{conf}) {
        return spit("$self->{dir}/nginx.conf",
            $self->expand("${user}daemon off;\n$self->{conf}"));
    }

    my @modules = $self->{modules} ? @{$self->{modules}} : $self->built();
    my $stream = defined $self->{stream}
                 || grep { /^ngx_stream_/ } @modules;

    my $text = "${user}daemon off;\npid %%DIR%%/nginx.pid;\n"
        . "error_log %%DIR%%/error.log $self->{level};\n"
        . "worker_processes $self->{workers};\nworker_rlimit_nofile 8192;\n";

    $text .= ($self->{before} // '') . "\n";
    $text .= 'load_module ' . stream_module() . ";\n" if $stream;
    $text .= "load_module $BUILD/modules/$_.so;\n" for @modules;
    $text .= ($self->{after} // '') . "\n";
    $text .= ($self->{main} // '') . "\n";
    $text .= 'events { worker_connections 4096; ' . ($self->{events} // '')
        . " }\n";

    for my $block (@{$self->{order} // [qw/ live stream http /]}) {
        next unless defined $self->{$block};
        $text .= "$block {\n" . ($block eq 'http' ? _http_conf() : '')
            . "$self->{$block}\n}\n";
    }

    return spit("$self->{dir}/nginx.conf", $self->expand($text));
}


# Root's workers are nobody, unless nobody can read this tree.

my $user;

sub _user {
    return $user if defined $user;
    return $user = '' if $> != 0;

    my $ok = system(qw/ setpriv --reuid nobody --regid nogroup --clear-groups
        test -r /, "$TOP/config") == 0;

    return $user = $ok ? "user nobody nogroup;\n" : "user root;\n";
}


sub _http_conf {
    return "access_log %%DIR%%/access.log;\n" . join('',
        map { "${_}_temp_path %%DIR%%/temp_$_;\n" }
        qw/ client_body proxy fastcgi uwsgi scgi /);
}


# Replaces the %%NAMES%% in a text.

sub expand {
    my ($self, $text) = @_;

    if ($text =~ /%%(?:CERT|KEY)%%/) {
        system("$TOP/util/cert", "$self->{dir}/cert") == 0
            or die "cannot make a certificate\n";
    }

    $text =~ s/%%PORT_(\w+?)%%/$self->port($1)/ge;
    $text =~ s/%%DIR%%/$self->{dir}/g;
    $text =~ s/%%TOP%%/$TOP/g;
    $text =~ s{%%CERT%%}{$self->{dir}/cert/cert.pem}g;
    $text =~ s{%%KEY%%}{$self->{dir}/cert/key.pem}g;

    return $text;
}


# The environment that nginx needs: preloaded libraries of sanitizers.

sub environment {
    my ($self) = @_;

    my %env = %{$self->{env} // {}};

    return \%env unless $ENV{LIVE_SANITIZE};

    $self->{preload} //= join(' ', map {
        my $lib = `\${CC:-cc} -print-file-name=$_`;
        chomp($lib);
        $lib;
    } qw/ libasan.so libubsan.so /);

    my $log = "log_path=$self->{dir}/san";

    return {
        %env,
        LD_PRELOAD => join(' ', $self->{preload}, $env{LD_PRELOAD} // ()),
        ASAN_OPTIONS => "$log/asan:detect_leaks=0:detect_odr_violation=0"
            . ':quarantine_size_mb=16:handle_segv=1',
        UBSAN_OPTIONS => "$log/ubsan:print_stacktrace=1"
    };
}


# nginx -t with the configuration: { rc, out, err }; level notice and above
# goes to err.

sub test_conf {
    my ($self) = @_;

    my $conf = $self->write_conf();

    return run_command(env => $self->environment(), timeout => 20,
        cmd => [ nginx_binary(), '-t', '-p', "$self->{dir}/", '-c', $conf,
                 '-e', 'stderr' ]);
}


# Starts nginx and waits until its TCP ports accept.

sub start {
    my ($self) = @_;

    my $conf = $self->write_conf();

    $self->{proc} = spawn(env => $self->environment(), dir => $self->{dir},
        err => "$self->{dir}/stderr.log", out => "$self->{dir}/stdout.log",
        cmd => [ nginx_binary(), '-p', "$self->{dir}/", '-c', $conf,
                 '-e', "$self->{dir}/error.log" ]);

    my @ports = slurp($conf)
                =~ /^\s*(?:.*[\s{;])?listen\s+(?:[\d.]+:)?(\d+)(?![^;]*udp)/mg;

    wait_for(sub { $self->_started(@ports) }, 15, 'nginx to start');

    return $self;
}


sub _started {
    my ($self, @ports) = @_;

    if (!$self->{proc}->alive) {
        die "nginx did not start: " . tail($self->{proc}->log
            . slurp($self->path('error.log')), 10) . "\n";
    }

    return 0 unless -s $self->path('nginx.pid');

    for my $port (@ports) {
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $port, Proto => 'tcp', Timeout => 1);
        return 0 unless $s;
    }

    return $self->workers() == $self->{workers};
}


sub pid { $_[0]{proc}->pid }


sub _workers {
    my ($self, $re) = @_;

    return grep { slurp("/proc/$_/cmdline") =~ $re }
        children($self->{proc}->pid);
}


# The pids of the workers of the newest generation, and of those that are
# shutting down.

sub workers { $_[0]->_workers(qr/^nginx: worker process(?! is shutting)/) }

sub old_workers { $_[0]->_workers(qr/^nginx: worker process is shutting/) }


# Reloads and waits until the new workers run and the old ones know.

sub reload {
    my ($self) = @_;

    $self->write_conf();

    my %old = map { $_ => 1 } $self->workers();
    my $mark = $self->log_mark();

    kill('HUP', $self->pid);

    wait_for(sub {
        die "reload failed: " . tail($self->log_since($mark), 5) . "\n"
            if $self->log_since($mark) =~ /\[emerg\]/;

        my @new = $self->workers();
        return @new == $self->{workers} && !grep { $old{$_} } @new;
    }, 15, 'reload');

    return $self;
}


# Sends a signal to a worker and waits for its death; the alert that nginx
# writes about it is no fault.

sub kill_worker {
    my ($self, $pid, $sig) = @_;

    $sig //= 'KILL';
    push @{$self->{allowed}}, qr/process $pid exited on signal/;

    kill($sig, $pid);

    wait_for(sub { !kill(0, $pid) || slurp("/proc/$pid/stat") =~ /\) Z / },
        10, "death of worker $pid");

    return $self;
}


# The pid of the worker in whose process a TCP connection with this local port
# of a client ends, or undef.

sub worker_of_port {
    my ($self, $port) = @_;

    my %inodes;

    for my $line (split(/\n/, slurp('/proc/net/tcp'))) {
        my @f = split(' ', $line);
        next unless @f > 9 && $f[2] =~ /:([0-9A-F]{4})$/;
        $inodes{"socket:[$f[9]]"} = 1 if hex($1) == $port;
    }

    for my $pid ($self->_workers(qr/^nginx: worker/)) {
        for my $fd (glob("/proc/$pid/fd/*")) {
            my $link = readlink($fd) // '';
            return $pid if $inodes{$link};
        }
    }

    return undef;
}


# Resident memory of a process in KiB, private and shared apart; own is without
# pages of the zone that nobody else has touched.

sub memory {
    my ($self, $pid) = @_;

    my $text = slurp("/proc/$pid/smaps_rollup");
    my %m = $text =~ /^(\w+):\s+(\d+) kB/mg;

    return { rss => $m{Rss} // 0, pss => $m{Pss} // 0,
             own => $m{Anonymous} // 0,
             private => ($m{Private_Clean} // 0) + ($m{Private_Dirty} // 0) };
}


# How many descriptors a process of nginx has open once the last connection is
# closed.

sub descriptors {
    my ($self, $pid) = @_;
    my @links;

    wait_for(sub {
        @links = map { readlink($_) // () } glob("/proc/$pid/fd/*");

        my %lasting = map { $_ => 1 }
            slurp('/proc/net/unix') =~ /^(?:\S+ +){6}(\d+)/mg,
            slurp('/proc/net/tcp') =~ /^(?: *\S+){3} 0A (?: *\S+){5} +(\d+)/mg,
            slurp('/proc/net/udp') =~ /^(?: *\S+){3} \S\S (?: *\S+){5} +(\d+)/mg;

        return !grep { /^socket:\[(\d+)\]/ && !$lasting{$1} } @links;
    }, 10, "connections of process $pid to be closed");

    return scalar(@links);
}


# Ends nginx gracefully (or by SIG) and judges it; start() may follow.

sub stop {
    my ($self, $sig) = @_;

    return unless $self->{proc};

    $sig //= 'QUIT';
    my $pid = $self->{proc}->pid;

    if ($self->{proc}->alive) {
        $self->{ending} = $self->log_mark();
        kill($sig, $pid);

        my $ok = eval {
            wait_for(sub { !$self->{proc}->alive },
                $self->{exit_timeout} // 10, 'exit of nginx');
            1
        };

        if (!$ok) {
            _fault($self, "nginx did not exit in time after SIG$sig");
            kill('KILL', children($pid), $pid);
            $self->{proc}->kill;
        }

    } elsif (($self->{proc}->rc // 0) =~ /^(?:[1-9]|[1-9]\d|1[01]\d|12[0-7])$/)
    {
        _fault($self, "nginx had ended by itself with status "
            . $self->{proc}->rc);
    }

    $self->{proc} = undef;

    return $self;
}


# The error log: all of it, what came since a mark, and lines that match.

sub log_text { slurp($_[0]->path('error.log')) }

sub log_mark { -s $_[0]->path('error.log') // 0 }

sub log_since { substr($_[0]->log_text(), $_[1] // 0) }


sub log_lines {
    my ($self, $re, $mark) = @_;
    return grep { $_ =~ $re } split(/\n/, $self->log_since($mark));
}


# Waits for a line in the error log and returns the first that matches.

sub wait_log {
    my ($self, $re, $timeout, $mark) = @_;

    return wait_for(sub { ($self->log_lines($re, $mark))[0] },
        $timeout // 10, "'$re' in the error log");
}


# Lines that match are no fault; the first one must appear.

sub expect_log {
    my ($self, $re) = @_;

    push @{$self->{expected}}, $re;
    push @{$self->{allowed}}, $re;
}


sub allow_log {
    my ($self, $re) = @_;
    push @{$self->{allowed}}, $re;
}


# A request at the port called http (or PORT => name): see Test::NginxLive::HTTP.

sub get {
    my ($self, $uri, %opt) = @_;

    my $c = $self->client($opt{port});
    my $r = $c->get($uri, %opt);
    $c->close;

    return $r;
}


sub client {
    my ($self, $port) = @_;
    return Test::NginxLive::HTTP->new(port => $self->port($port // 'http'));
}


# The JSON behind a path, undef when the status is not 200.

sub json {
    my ($self, $uri, %opt) = @_;

    my $r = $self->get($uri, %opt);
    return $r->{status} == 200 ? JSON::PP::decode_json($r->{body}) : undef;
}


sub http {
    my ($port, $uri, %opt) = @_;
    return Test::NginxLive::HTTP->new(port => $port)->get($uri, %opt);
}


# curl with any arguments: { rc, out, err }, and status, version, headers (of
# the last response) and body.

sub curl {
    my (@args) = @_;

    my $dir = temp_dir();
    my $res = run_command(dir => $dir, timeout => 60, cmd => [ 'curl', '-s',
        '-S', '-k', '-D', "$dir/head", '-o', "$dir/body", '-w',
        '%{http_code} %{http_version}', @args ]);

    ($res->{status}, $res->{version}) = split(' ', $res->{out});
    $res->{body} = slurp("$dir/body");

    my @heads = split(/\r?\n\r?\n/, slurp("$dir/head"));

    for my $line (split(/\r?\n/, $heads[-1] // '')) {
        $res->{headers}{lc $1} = $2 if $line =~ /^([^:\s]+):\s*(.*)$/;
    }

    return $res;
}


# Starts a Redis server at PORT (a free one); the process, with port.

sub redis {
    my ($port) = @_;

    my $dir = temp_dir();
    $port //= free_port();

    my $proc = spawn(dir => $dir, cmd => [ 'redis-server', '--port', $port,
        '--bind', '127.0.0.1', '--save', '', '--dir', $dir ]);
    $proc->{port} = $port;

    wait_for(sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
    }, 10, 'redis');

    return $proc;
}


sub _fault {
    my ($self, $text) = @_;

    push @{$self->{faults}}, $text;
    return;
}


# What is wrong with the logs of a server.

sub _judge {
    my ($self) = @_;

    my $text = $self->log_text();

    if (slurp($self->path('stderr.log')) =~ /(.*Sanitizer.*)/) {
        _fault($self, "stderr: $1");
    }

    for my $line (split(/\n/, $text)) {
        next unless $line =~ $BAD;
        next if grep { $line =~ $_ } @{$self->{allowed}};
        _fault($self, "error log: $line");
    }

    for my $re (@{$self->{expected}}) {
        _fault($self, "error log has no line like $re") unless $text =~ $re;
    }

    for my $file (glob("$self->{dir}/san/*")) {
        _fault($self, "sanitizer: " . substr(slurp($file), 0, 6000));
    }
}


# What the log said before nginx was told to go, and what it should not have
# said then.

sub _log_tail {
    my ($self) = @_;

    my $mark = $self->{ending} // $self->log_mark();
    my @late = $self->log_lines(qr/\[(?!notice|info|debug)\w+\]/, $mark);

    return join("\n", tail(substr($self->log_text(), 0, $mark), 40), @late);
}


END {
    if ($$ == $owner) {
        my $rc = $?;

        # clients first: nginx waits for them

        my @nginx = map { $_->{proc} // () } @servers;
        Test::NginxLive::Process::end_all(@nginx);

        for my $t (@servers) {
            $t->stop();
            $t->_judge();

            my @faults = @{$t->{faults} // []};
            $rc ||= 1 if @faults;

            splice(@faults, 10, -2, '...') if @faults > 13;
            Test::More::diag($_) for @faults;

            if ($rc && -s $t->path('error.log')) {
                Test::More::diag("the end of the error log:\n"
                    . $t->_log_tail() =~ s/^/| /mgr);
            }
        }

        Test::NginxLive::Process::end_all();
        $? = $rc;
    }
}


1;
