package Test::NginxLive::Viewer;

# Copyright (C) nginx-live authors

# Players in processes of their own, which read without a pause while a test
# does something else and write down all they see.
#
#     my $v = Test::NginxLive::Viewer->rtmp($t, 'live/a', worker => $pid);
#     my $f = Test::NginxLive::Viewer->flv($t, 'live/a');
#     my $h = Test::NginxLive::Viewer->hls($t, 'live/a', 'v0');
#
#     $v->frames('video')     hashes of time (ms), key, md5, seen, data (some
#                             printable bytes)
#     $h->events('part')      see _hls
#     $h->list                the newest playlist, parsed
#     $v->alive, $v->stop, $v->ended (why it has stopped by itself)
#
# A player of FLV sends args => TEXT.
# With worker => PID the connection ends in that worker, with not => PID in
# another one.  A player of HLS makes new connections when it needs some; there
# has to be a playlist when it starts, and it has seen one when hls() returns.

use warnings;
use strict;

use Exporter qw/ import /;
use Digest::MD5 qw/ md5_hex /;
use JSON::PP ();
use Time::HiRes qw/ time sleep /;

use Test::NginxLive::FLV;
use Test::NginxLive::HTTP;
use Test::NginxLive::Process qw/ spawn slurp spit wait_for /;
use Test::NginxLive::RTMP;

our @EXPORT_OK = qw/ playlist lists_wrong discontinuities worker_client
    flv_frames /;

my $serial = 0;
my $REST = 0.05;


sub rtmp {
    my ($class, $t, $stream, %opt) = @_;

    my ($app, $name) = split(m{/}, $stream, 2);
    my $c = worker_client($t, sub {
        Test::NginxLive::RTMP->new(port => $t->port('rtmp'), timeout => 3600);
    }, %opt);

    return $class->_start($t, 'rtmp', sub { _rtmp($_[0], $c, $app, $name) });
}


sub flv {
    my ($class, $t, $stream, %opt) = @_;

    my $c = worker_client($t, sub { $t->client() }, %opt);
    $c->{timeout} = 3600;

    return $class->_start($t, 'flv', sub {
        _flv($_[0], $c, "/flv/$stream.flv" . (defined $opt{args}
            ? "?$opt{args}" : ''));
    });
}


sub hls {
    my ($class, $t, $stream, $track, %opt) = @_;

    my $session = $opt{session}
                  // $t->json('/status')->{streams}[0]{hls}{session};
    my $dir = $t->path('viewer-' . $serial);
    mkdir($dir);

    my $c = worker_client($t, sub { $t->client() }, %opt);

    my $self = $class->_start($t, 'hls', sub {
        _hls($_[0], $c, "/hls/$stream/$session", $track, $dir);
    });

    $self->{dir} = $dir;

    wait_for(sub { $self->list }, 10, "a playlist of $stream, $track");

    return $self;
}


# A client that is connected to a worker: worker or not => PID.  CONNECT makes
# one that has a method sock.

sub worker_client {
    my ($t, $connect, %opt) = @_;

    my @others;

    for (1 .. 300) {
        my $c = $connect->();

        return $c unless $opt{worker} || $opt{not};

        my $pid = wait_for(sub { $t->worker_of_port($c->sock->sockport) }, 5,
            'a worker');

        return $c if $opt{worker} ? $pid == $opt{worker} : $pid != $opt{not};

        # a worker that has many is less eager to accept

        push @others, $c;
        (shift @others)->close if @others > 20;
    }

    die "no connection to such a worker\n";
}


sub _start {
    my ($class, $t, $kind, $code) = @_;

    my $log = $t->path("viewer-$kind-" . $serial++ . '.log');

    my $proc = spawn(cmd => [ "viewer-$kind" ], dir => $t->dir, code => sub {
        open(my $fh, '>', $log) or die "$log: $!\n";
        $fh->autoflush(1);

        eval { $code->($fh) };
        print $fh "E $@\n";
    });

    return bless { proc => $proc, log => $log }, $class;
}


sub proc { $_[0]{proc} }

sub alive { $_[0]{proc}->alive }


sub stop {
    my ($self) = @_;

    $self->{proc}->stop('TERM');
    return $self;
}


# Why it stopped by itself, or undef.

sub ended {
    my ($self) = @_;

    $self->_read();
    return $self->{ended};
}


# Frames of a type, without configurations, that it has seen until now.

sub frames {
    my ($self, $type) = @_;

    $self->_read();
    return @{$self->{frames}{$type} // []};
}


sub events {
    my ($self, $type) = @_;

    $self->_read();
    return @{$self->{events}{$type} // []};
}


# The newest playlist.

sub list {
    my ($self) = @_;

    my ($last) = reverse grep { $_->{status} == 200 }
        $self->events('playlist');

    return $last ? playlist($last->{body}) : undef;
}


# What was written since the last look.

sub _read {
    my ($self) = @_;

    open(my $fh, '<:raw', $self->{log}) or return;
    seek($fh, $self->{read} // 0, 0);

    while (my $line = <$fh>) {
        last unless $line =~ s/\n$//;

        $self->{read} = tell($fh);
        $self->_line($line);
    }
}


sub _line {
    my ($self, $line) = @_;

    if ($line =~ /^\{/) {
        my $ev = JSON::PP::decode_json($line);

        push @{$self->{events}{$ev->{e}}}, $ev;
        return;
    }

    if ($line =~ /^E (.*)/) {
        $self->{ended} = $1;
        return;
    }

    return unless $line =~ /^F /;

    my (undef, $type, $time, $key, $config, $md5, $seen, $data)
        = split(' ', $line);

    push @{$self->{frames}{$type}}, { time => $time, key => $key, md5 => $md5,
        seen => $seen, data => $data } unless $config;
}


# Frames of a type in an FLV file, as frames() gives them, without the ends of
# sequences.

sub flv_frames {
    my ($file, $type) = @_;

    my $flv = Test::NginxLive::FLV->new->add(slurp($file));

    return map { { time => $_->{time}, key => $_->{key},
                   md5 => md5_hex($_->{data}) } }
        grep { $type ne 'video' || substr($_->{data}, 1, 1) ne "\x02" }
        $flv->frames($type);
}


sub _frame {
    my ($fh, $type, $time, $key, $config, $data) = @_;

    my ($text) = substr($data, 0, 100) =~ /([\x21-\x7e]{4,})/;

    printf $fh "F %s %d %d %d %s %.3f %s\n", $type, $time, $key, $config,
        md5_hex($data), time(), $text // '-';
}


sub _rtmp {
    my ($fh, $c, $app, $name) = @_;

    my %types = (8 => 'audio', 9 => 'video');

    $c->{end} = time() + 3600;
    $c->play($app, $name);

    while (1) {
        my $m = $c->read_message() // die "closed by the server\n";

        if ($m->{type} == 20) {
            die "$m->{values}[3]{code}\n" if $m->{values}[0] eq 'onStatus';
            next;
        }

        my $type = $types{$m->{type}} or next;
        my ($first, $second) = unpack('C2', $m->{body});

        _frame($fh, $type, $m->{time},
            $type eq 'video' && $first >> 4 == 1 && $second ? 1 : 0,
            !$second && ($type eq 'video' || $first >> 4 == 10) ? 1 : 0,
            $m->{body});
    }
}


sub _flv {
    my ($fh, $c, $uri) = @_;

    my $r = $c->request($uri)->response(stream => 1);
    die "status $r->{status}\n" if $r->{status} != 200;

    my $flv = Test::NginxLive::FLV->new;

    while (1) {
        my $bytes = $c->read_bytes(1);
        die "closed by the server\n" unless length $bytes;

        $bytes .= $c->{buf};
        $c->{buf} = '';

        $flv->add($bytes);

        _frame($fh, @{$_}{qw/ type time key config data /})
            for splice(@{$flv->{tags}});
    }
}


# A player of LL-HLS: a blocking request for the next part, and each part once
# it is listed.  Its events:
#
#     playlist    uri, status, took, seen, body, msn and part (asked for)
#     part        uri (file name), status, size, md5, seen, gap; a segment,
#                 when the playlist has no parts
#     closed      a connection was closed instead of an answer: uri, took,
#                 port (ours), first (it was new)
#     down        nobody listens
#
# It rests, as players do, before it asks again what was refused: REST is short,
# so that events are exact.

sub _hls {
    my ($fh, $c, $base, $track, $dir) = @_;

    my $self = { fh => $fh, c => $c, base => $base, dir => $dir, fresh => 1,
                 have => {} };
    my $query = '';

    while (1) {
        my $r = _hls_get($self, "$track.m3u8$query");
        my $pl = $r->{status} == 200 ? playlist($r->{body}) : undef;

        _event($fh, e => 'playlist', uri => "$track.m3u8$query",
            status => $r->{status}, took => $r->{time}, body => $r->{body},
            port => $c->sock->sockport);

        if (!$pl) {
            sleep($REST);
            $query = '';
            next;
        }

        _hls_fetch($self, $_) for @{$pl->{parts}};

        last if $pl->{ended};

        if (!@{$pl->{parts}}) {
            _hls_fetch($self, $_) for @{$pl->{segments}};
        }

        $query = "?_HLS_msn=$pl->{next}";
        $query .= "&_HLS_part=$pl->{next_part}" if defined $pl->{part_target};
    }

    die "ENDLIST\n";
}


sub _hls_fetch {
    my ($self, $part) = @_;

    my $uri = $part->{uri};

    return if $self->{have}{$uri}++;

    if ($part->{gap}) {
        _event($self->{fh}, e => 'part', uri => $uri, gap => 1, status => 0,
            size => 0, md5 => '');
        return;
    }

    my $r = _hls_get($self, $uri);

    spit("$self->{dir}/$uri", $r->{body}) if $r->{status} == 200;

    _event($self->{fh}, e => 'part', uri => $uri, status => $r->{status},
        size => length($r->{body}), md5 => md5_hex($r->{body}));
}


# Asks until there is an answer, as players do.

sub _hls_get {
    my ($self, $uri) = @_;

    while (1) {
        my $c = $self->{c};
        my $start = time();
        my $port = $c->sock ? $c->sock->sockport : 0;

        my $r = eval {
            $c->request("$self->{base}/$uri");
            $c->response(timeout => 60);
        };

        if ($r) {
            $self->{fresh} = 0;

            return $r if ($r->{headers}{connection} // '') ne 'close';

            _hls_connect($self);
            return $r;
        }

        _event($self->{fh}, e => 'closed', uri => $uri,
            took => time() - $start, port => $port, first => $self->{fresh},
            why => $@);

        _hls_connect($self);
    }
}


sub _hls_connect {
    my ($self) = @_;

    my $down;

    until (eval { $self->{c}->connect; 1 }) {
        _event($self->{fh}, e => 'down') unless $down++;
        sleep($REST);
    }

    $self->{fresh} = 1;
}


sub _event {
    my ($fh, %ev) = @_;

    $ev{seen} = time();
    print $fh JSON::PP->new->canonical->encode(\%ev) . "\n";
}


# What is wrong with the playlists that a player has seen, one after the other:
# numbers must not go back, what was said of a segment must not change.  In front
# may be an array of segments that were torn: their parts may be forgotten.

sub lists_wrong {
    my (@events) = @_;

    my %torn = ref $events[0] eq 'ARRAY'
               ? map { $_ => 1 } @{shift(@events)} : ();
    my ($last, %said);

    for my $ev (grep { $_->{status} == 200 } @events) {
        my $pl = playlist($ev->{body});

        if ($last) {
            for my $k (qw/ seq dseq next /) {
                return "$k went back from $last->{$k} to $pl->{$k}"
                    if $pl->{$k} < $last->{$k};
            }

            return "part went back from $last->{next_part} to "
                   . "$pl->{next_part} of $pl->{next}"
                if $pl->{next} == $last->{next}
                   && $pl->{next_part} < $last->{next_part}
                   && !$pl->{ended} && !$torn{$pl->{next}};
        }

        for my $s (@{$pl->{segments}}) {
            my $now = join(' ', map { "$_ " . ($s->{$_} // '-') }
                qw/ uri duration dseq discont gap map date /);
            my $was = $said{$s->{msn}} //= $now;

            return "segment $s->{msn} was \"$was\", is \"$now\""
                if $was ne $now;
        }

        $last = $pl;
    }

    return '';
}


# The media sequence numbers of discontinuities in all of these playlists.

sub discontinuities {
    my (@events) = @_;

    my %msn = map { $_->{discont} ? ($_->{msn} => 1) : () }
        map { my $pl = playlist($_->{body}); (@{$pl->{segments}}, $pl->{open}) }
        grep { $_->{status} == 200 } @events;

    return sort { $a <=> $b } keys %msn;
}


# What a media playlist says: seq, dseq, target, part_target (undef without
# parts), ended, next and next_part (to ask for), segments and parts (all that
# are listed).  A segment has msn, uri, duration, dseq (the number of its
# discontinuity), discont, gap, map, date, parts; a part uri, msn, duration,
# gap, independent.

sub playlist {
    my ($text) = @_;

    my %pl = (seq => 0, dseq => 0, segments => [], parts => [], ended => 0);
    my %s = (parts => []);
    my ($dseq, $map);

    for my $line (split(/\n/, $text)) {

        if ($line =~ /^#EXT-X-MEDIA-SEQUENCE:(\d+)/) {
            $pl{seq} = $1;

        } elsif ($line =~ /^#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)/) {
            $pl{dseq} = $dseq = $1;

        } elsif ($line =~ /^#EXT-X-TARGETDURATION:(\d+)/) {
            $pl{target} = $1;

        } elsif ($line =~ /^#EXT-X-PART-INF:PART-TARGET=([\d.]+)/) {
            $pl{part_target} = $1;

        } elsif ($line =~ /^#EXT-X-ENDLIST/) {
            $pl{ended} = 1;

        } elsif ($line eq '#EXT-X-DISCONTINUITY') {
            $dseq++;
            $s{discont} = 1;

        } elsif ($line eq '#EXT-X-GAP') {
            $s{gap} = 1;

        } elsif ($line =~ /^#EXT-X-MAP:URI="([^"]+)"/) {
            $map = $1;

        } elsif ($line =~ /^#EXT-X-PROGRAM-DATE-TIME:(.*)/) {
            $s{date} = $1;

        } elsif ($line =~ /^#EXTINF:([\d.]+)/) {
            $s{duration} = $1;

        } elsif ($line =~ /^#EXT-X-PART:(.*)/) {
            my $part = _part($1);

            $part->{msn} = $pl{seq} + @{$pl{segments}};
            push @{$s{parts}}, $part;
            push @{$pl{parts}}, $part;

        } elsif ($line =~ /^#EXT-X-PRELOAD-HINT:.*URI="([^"]+)"/) {
            $pl{hint} = $1;

        } elsif ($line =~ /^[^#]/) {
            push @{$pl{segments}}, { %s, uri => $line, map => $map,
                dseq => $dseq // 0, msn => $pl{seq} + @{$pl{segments}} };
            %s = (parts => []);
        }
    }

    $pl{next} = $pl{seq} + @{$pl{segments}};
    $pl{next_part} = @{$s{parts}};
    $pl{open} = { %s, map => $map, dseq => $dseq // 0, msn => $pl{next} };

    return \%pl;
}


sub _part {
    my ($attributes) = @_;

    my ($uri) = $attributes =~ /URI="([^"]+)"/;
    my ($duration) = $attributes =~ /(?:^|,)DURATION=([\d.]+)/;

    return { uri => $uri, duration => $duration,
             gap => $attributes =~ /GAP=YES/ ? 1 : 0,
             independent => $attributes =~ /INDEPENDENT=YES/ ? 1 : 0 };
}


1;
