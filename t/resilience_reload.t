#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Ten reloads while ffmpeg publishes and players of all doors read: each has
# every frame of the publisher, unchanged and in order; newcomers get a picture
# at once; one old worker at most is left; nothing is left in the end.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive;
use Test::NginxLive::FLV;
use Test::NginxLive::MP4 qw/ fragments /;
use Test::NginxLive::RTMP;
use Test::NginxLive::Viewer qw/ playlist flv_frames /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             application live {
                 publish any; reconnect 3s;
                 hls on; hls_path %%DIR%%/hls; hls_segment 1s;
                 hls_target_duration 2s; hls_part 200ms; hls_window 60s;
             }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'log_format asked "$remote_port $request_uri";
             server { listen 127.0.0.1:%%PORT_http%%;
             access_log %%DIR%%/asked.log asked;
             listen 127.0.0.1:%%PORT_https%% ssl http2;
             ssl_certificate %%CERT%%; ssl_certificate_key %%KEY%%;
             location /hls/ { live_hls; }
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my $before = $t->json('/status')->{zone};
my $master = $t->descriptors($t->pid);
my ($fds) = sort { $b <=> $a } map { $t->descriptors($_) }
    $t->workers;
my ($fresh) = sort { $b <=> $a } map { own($_) } $t->workers;

# what is sent is also kept

my $file = $t->path('sent.flv');
my $pub = publish('[f=flv:flvflags=no_duration_filesize]' . $t->rtmp('live/a')
    . "|[f=flv:flvflags=no_duration_filesize]$file", format => 'tee', gop => 15,
    args => [ qw/ -map 0:v -map 1:a -flags +global_header / ]);

wait_for(sub { $t->get('/hls/live/a/index.m3u8')->{status} == 200 }, 20,
    'playlist');

my $session = stream()->{hls}{session};
my ($owner) = map { /\[notice\] (\d+)#/ } $t->log_lines(qr/"live\/a" started/);

# those that stay are where the publisher is, so that one old worker has all

my %players = (
    rtmp => Test::NginxLive::Viewer->rtmp($t, 'live/a', worker => $owner),
    flv => Test::NginxLive::Viewer->flv($t, 'live/a', worker => $owner)
);

my %hls = map {
    $_ => Test::NginxLive::Viewer->hls($t, 'live/a', $_)
} map { $_->{name} } @{stream()->{hls}{renditions}};

is(join(' ', sort keys %hls), 'a1 v0', 'two renditions');

wait_for(sub { !grep { !$_->frames('video') } values %players }, 10,
    'players to play');

my (%slow, @left, @memory, @held);
my $load = Test::NginxLive::Load->new;

for my $n (1 .. 10) {
    my $held = hold();

    $t->reload;
    push @held, $held->wait(10) == 0 ? $held->output : $held->log;

    for my $door (qw/ rtmp flv hls /) {
        my $watch = watch();
        my $ok = eval { no strict 'refs'; &{"first_$door"}(); 1 };
        my $took = $watch->();

        $slow{$door} .= $ok ? sprintf(' %.2fs', $took) : " $@"
            if !$ok || $took > 1;
    }

    wait_for(sub { $t->old_workers() <= 1 }, 10, "old workers to leave, $n");
    push @left, $t->old_workers;
    push @memory, own($owner);

    my $frames = $players{rtmp}->frames('video') + 15;
    wait_for(sub { $players{rtmp}->frames('video') >= $frames }, 10, 'frames');
}

is($slow{$_}, undef, "$_: newcomers have a picture within a second")
    for qw/ rtmp flv hls /;

is(join(' ', @held), join(' ', ('200-2') x 10),
    'what has waited over HTTP/2 is answered by those that go');
is(scalar(grep { $_ != $owner } @left), 0,
    'the worker of the publisher is the only old one');
is(scalar(@left), 10, 'and stays');

my $disturbed = $load->stop->disturbed;

# the end of the publisher; the players have everything then

my $s = stream();

$pub->stop;

my %sent = map { $_ => [ flv_frames($file, $_) ] } qw/ video audio /;

cmp_ok(scalar(@{$sent{video}}), '>', 200, 'frames were sent');

for my $door (sort keys %players) {
    my $v = $players{$door};

    for my $type (qw/ video audio /) {
        my $last = $sent{$type}[-1]{md5};

        wait_for(sub { ($v->frames($type))[-1]{md5} eq $last }, 5,
            "the last frame of $type at $door");

        is(missing([ $v->frames($type) ], $sent{$type}), '',
            "$door: no frame of $type is missing");
    }

    ok($v->alive, "$door: still there");
}

my %asked = map { $_ => 1 } split(/\n/, slurp($t->path('asked.log')));

cmp_ok(scalar(keys %asked), '>', 100, 'requests');

for my $track (sort keys %hls) {
    my $v = $hls{$track};

    my @parts = $v->events('part');
    my @bad = grep { $_->{status} != 200 } @parts;

    is(scalar(@bad), 0, "HLS $track: all parts were answered")
        or diag(explain(\@bad));
    is(holes(@parts), '', "HLS $track: no part is missing");
    is(breaks($v, @parts), '', "HLS $track: time goes on from part to part");

    my @lists = $v->events('playlist');

    is(scalar(grep { $_->{status} != 200 } @lists), 0,
        "HLS $track: all playlists were answered");

    my @late = grep { $_->{took} > 1.5 } @lists;

    SKIP: {
        skip($disturbed, 1) if @late && $disturbed;
        is(scalar(@late), 0, "HLS $track: none was late");
    }

    is(scalar(grep { $_->{body} =~ /^#EXT-X-(?:DISCONTINUITY$|GAP)/m
                     && $_->{seen} < $parts[-1]{seen} } @lists), 0,
        "HLS $track: neither discontinuity nor gap");

    # an idle connection may be closed just when a request is sent: that one
    # never came; what nginx has begun is logged, whichever way it ends

    my @cut = grep {
        $asked{"$_->{port} /hls/live/a/$session/$_->{uri}"}
    } $v->events('closed');

    is(scalar(@cut), 0, "HLS $track: no request was dropped")
        or diag(explain(\@cut));
}

# nothing is left

is($s->{dropped}, 0, 'nothing was dropped');
is($s->{skipped}, 0, 'nobody was moved');

$_->stop for values %players;

wait_for(sub { $t->old_workers() == 0 }, 10, 'the last old worker to leave');
wait_for(sub { !$t->json('/status')->{zone}{streams} }, 15,
    'the end of the stream');

$_->proc->wait(5) for values %hls;
is($hls{v0}->ended, 'ENDLIST', 'players of HLS are told of the end');

# streams are freed when the last worker that had one has let it go

my $after = wait_for(sub {
    my $zone = $t->json('/status')->{zone};
    $zone->{extents_free} == $before->{extents_free} ? $zone : undef;
}, 10, 'extents to be free');

is($after->{extents_free}, $before->{extents_free}, 'extents are free');
is($after->{slab_free}, $before->{slab_free}, 'the slab is free');
is($after->{sessions}, 0, 'no session');

is($t->descriptors($t->pid), $master, 'descriptors of the master');

for my $pid ($t->workers) {
    is($t->descriptors($pid), $fds, 'descriptors of a worker');
    memory_ok(own($pid), $fresh, 'memory of a worker');
}

memory_ok($memory[9], $memory[4], "memory of the publisher's worker");

done_testing();

###############################################################################

sub stream { $t->json('/status')->{streams}[0] }


# KiB that are a process's own.

sub own { $t->memory($_[0])->{own} }


sub memory_ok {
    my ($is, $was, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    SKIP: {
        skip('sanitizers keep what is freed', 1) if $ENV{LIVE_SANITIZE};
        cmp_ok($is, '<', $was + 1024, $name);
    }
}


# A request over HTTP/2 that waits for the open segment; it waits when
# this returns.

sub hold {
    my $next = $hls{v0}->list->{next};
    my $uri = "/hls/live/a/$session/v0.m3u8?_HLS_msn=$next";
    my $held = spawn(cmd => [ 'curl', qw{ -s -S -k --http2 -v -o /dev/null },
        '-w', '%{http_code}-%{http_version}',
        'https://127.0.0.1:' . $t->port('https') . $uri ]);

    wait_for(sub { $held->log =~ /^> GET /m }, 5, 'a request that waits');
    return $held;
}


# The first key frame.

sub first_rtmp {
    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));

    $c->play('live', 'a');
    $c->wait_message(sub {
        $_[0]{type} == 9 && $_[0]{body} =~ /^\x17\x01/
    });
    $c->close;
}


sub first_flv {
    my $c = $t->client;
    my $flv = Test::NginxLive::FLV->new;

    $c->request('/flv/live/a.flv')->response(stream => 1);
    $flv->add($c->read_bytes(1)) until grep { $_->{key} } @{$flv->{tags}};
    $c->close;
}


# The newest part a player can begin with.

sub first_hls {
    my $c = $t->client;

    my $index = $c->get('/hls/live/a/index.m3u8');
    my ($uri) = $index->{body} =~ m{^([^#\s]+)$}m;
    my $r = $c->get("/hls/live/a/$uri");
    my $pl = playlist($r->{body});
    my ($part) = grep { $_->{independent} } reverse @{$pl->{parts}};

    for my $name ($part->{uri}, $pl->{open}{map}) {
        $r = $c->get("/hls/live/a/$session/$name");
        die "$name: $r->{status}\n" if $r->{status} != 200;
    }

    $c->close;
}


# What a player lacks of that which was sent behind its first frame.

sub missing {
    my ($seen, $sent) = @_;

    my ($i) = grep { $sent->[$_]{md5} eq $seen->[0]{md5} } 0 .. $#$sent;
    return 'the first frame was never sent' unless defined $i;

    my $offset = $seen->[0]{time} - $sent->[$i]{time};

    for my $f (@$seen) {
        return "frame $i of " . scalar(@$sent) . " at $f->{time} ms"
            if $i > $#$sent || $f->{md5} ne $sent->[$i]{md5}
               || $f->{time} - $sent->[$i]{time} != $offset;
        $i++;
    }

    return $i == @$sent ? '' : 'the end';
}


sub holes {
    my (@parts) = @_;
    my ($msn, $index);

    for my $p (@parts) {
        my ($m, $i) = $p->{uri} =~ /-(\d+)\.(\d+)\.m4s/;

        if (defined $msn
            && !($m == $msn && $i == $index + 1)
            && !($m == $msn + 1 && $i == 0))
        {
            return "$p->{uri} after $msn.$index";
        }

        ($msn, $index) = ($m, $i);
    }

    return '';
}


sub breaks {
    my ($v, @parts) = @_;
    my $next;

    for my $p (@parts) {
        for my $f (@{fragments(slurp("$v->{dir}/$p->{uri}"))}) {
            return "$p->{uri}: $f->{dts}, not $next"
                if defined $next && $f->{dts} != $next;
            $next = $f->{dts} + $f->{duration};
        }
    }

    return '';
}
