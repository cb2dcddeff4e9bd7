#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A window of hours: a session is given a past of thousands of segments, nginx
# is started, the encoder returns.  What a player with all of it gets at each
# part, and what that costs.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Uncompress::Gunzip qw/ gunzip /;
use Compress::Zlib ();

use Test::NginxLive;
use Test::NginxLive::HLS qw/ parse_media follow_until /;
use Test::NginxLive::MP4 qw/ journal /;

###############################################################################

my $PAST = $ENV{LIVE_HLS_PAST} // 2500;

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             publish any; reconnect 20s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 1s; hls_part 200ms; hls_window 4h;
             application live { }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             keepalive_requests 100000;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);
my $hls = Test::NginxLive::HLS->new($t, 'live/a');

$hls->multi;
wait_for(sub { $hls->list('v0')->{open}{msn} >= 3 }, 10, 'segments');

my $session = $hls->session;
my $dir = $t->path("hls/live/a/$session");

# a past

$t->stop('TERM');
$pub->kill;

my @discontinuities = past($dir, $PAST);

$t->start;
$pub = publish($t->rtmp('live/a'), gop => 30);

is($hls->multi->{session}, $session, 'the session goes on');

# the parts of the segments before the restart are not known any more

wait_for(sub {
    my $segments = $hls->list('v0')->{segments};
    @$segments > 4 && !grep { !$_->{parts} } @$segments[-4 .. -1];
}, 20, 'new segments');

# all of it

my $list = $hls->list('v0');

is(join("\n", @{$list->{errors}}), '', 'a playlist');
cmp_ok(scalar @{$list->{segments}}, '>', $PAST, 'of all segments');
is($list->{msn}, 0, 'from the first one on');

my @found = map { $_->{msn} } grep { $_->{discontinuity} }
            @{$list->{segments}};
is_deeply([ @found[0 .. $#discontinuities] ], \@discontinuities,
    'with the discontinuities of the past');
is($hls->get($hls->file($list->{segments}[7]{uri}))->{status}, 200,
    'an old segment');

# R12: what a player reads at each part

my $delta = $hls->follow('v0', delta => 1, parts => 0);
my $full = $hls->follow('a1', parts => 0);

follow_until(sub { $delta->{playlists} > 12 && $full->{playlists} > 12 }, 20,
    $delta, $full);

is(join("\n", @{$_->errors}), '', "$_->{track}: playlists") for $delta, $full;
cmp_ok($delta->{deltas}, '>', 10, 'delta updates');
cmp_ok(length $delta->list->{text}, '<', 5000, 'are short');
is($delta->list->{skipped} + @{$delta->list->{segments}},
    $delta->list->{open}{msn}, 'and leave out all that is known');

# R13: arguments, R15: gzip

my $args = Test::NginxLive::HLS->new($t, 'live/a', args => 'token=abc');
my $with = $args->list('v0');

is(join("\n", @{$with->{errors}}), '', 'with arguments');
cmp_ok(scalar @{$with->{segments}}, '>', $PAST, 'all of it');
is(join("\n", @{$args->list('v0', query => [ '_HLS_skip=YES' ])->{errors}}),
    '', 'a delta with arguments');

for my $query ('', '_HLS_skip=YES') {
    my ($text, $r);

    # the same text, if no part has come between

    wait_for(sub {
        my $c = $hls->client;
        my $uri = $hls->path($hls->file('v0.m3u8'), $query);
        my $plain = $c->get($uri);

        $r = $c->get($uri, headers => { 'Accept-Encoding' => 'gzip' });
        gunzip(\$r->{body}, \$text);
        $text eq $plain->{body};
    }, 10, 'the same playlist');

    is($r->{headers}{'content-encoding'}, 'gzip', 'gzip is the same text');
    is(join("\n", @{parse_media($text)->{errors}}), '', 'a playlist');
}

# R15: both workers have the same text for a tag

my (%tags, %workers);
my $bad = 0;

wait_for(sub {
    my $c = $hls->client;

    for my $query ('', '_HLS_skip=YES') {
        my $r = $c->get($hls->path($hls->file('a1.m3u8'), $query));
        my $was = $tags{$r->{headers}{etag}} //= $r->{body};
        $bad++ if $was ne $r->{body};
    }

    $workers{$t->worker_of_port($c->sock->sockport) // 0}++;
    return keys %workers == 2 && keys %tags > 20;
}, 20, 'texts of both workers');

is($bad, 0, 'a tag is one text');

# R21: what a change costs does not grow with the window: full playlists are
# asked for with each part

my $cpu = cpu();
my $n = $full->{playlists};

follow_until(sub { $full->{playlists} >= $n + 20 }, 20, $full);

$cpu = (cpu() - $cpu) * 1000 / 20;
diag(sprintf('%d segments: %.2f ms for each part with its playlists', $PAST,
             $cpu)) if $ENV{LIVE_HLS_PAST};
cmp_ok($cpu, '<', 15 * factor(), 'a part costs little');

if ($ENV{LIVE_HLS_PAST}) {
    my $c = $hls->client;
    my $l = $hls->list('a1');

    $cpu = cpu();

    for (1 .. 20) {
        $l = $hls->reload($l, client => $c, query => [ '_HLS_skip=YES' ]);
    }

    my $deltas = cpu() - $cpu;
    $cpu = cpu();

    for (1 .. 20) {
        $l = $hls->reload($l, client => $c, query => [ '_HLS_skip=YES' ]);
        $c->get($hls->path($hls->file('a1.m3u8')),
                headers => { 'Accept-Encoding' => 'gzip' });
    }

    diag(sprintf('%.2f ms with a delta, %.2f ms with both', $deltas * 50,
        (cpu() - $cpu) * 50));
}

done_testing();

###############################################################################


# Gives a session N segments before those it has, with a discontinuity now and
# then; returns the numbers of these.

sub past {
    my ($dir, $n) = @_;

    my $text = slurp("$dir/journal");
    my $j = journal($text);
    my @lines = split(/\n/, $text);
    my ($first) = sort { $a->{date} <=> $b->{date} }
                  map { $_->[0] } values %{$j->{segments}};
    my $bytes = 1000;
    my @d;

    my @new = grep { /^[HT] / } @lines;

    for my $msn (0 .. $n - 1) {
        my $left = $n - $msn;
        my $flag = $msn && $msn % 700 == 0 ? 'D' : '-';

        push @d, $msn if $flag eq 'D';
        push @new, line(join(' ', 'S', $msn,
            $first->{start} - 90000 * $left, $first->{date} - 1000 * $left,
            $flag, map { "$_:90000:$bytes:$j->{tracks}{$_}:I" }
                   sort keys %{$j->{tracks}}));

        spit("$dir/$_-$msn.m4s.new", 'x' x $bytes)
            for keys %{$j->{tracks}};
    }

    for my $line (grep { /^S / } @lines) {
        my @f = split(' ', $line);
        pop @f;

        for my $r (@f[5 .. $#f]) {
            my ($track) = split(/:/, $r);
            rename("$dir/$track-$f[1].m4s", "$dir/$track-" . ($f[1] + $n)
                   . '.m4s.new');
        }

        $f[1] += $n;
        push @new, line(join(' ', @f));
    }

    unlink(grep { /\.m4s$/ } glob("$dir/*"));

    for my $file (glob("$dir/*.new")) {
        rename($file, $file =~ s/\.new$//r);
    }

    spit("$dir/journal", join('', map { "$_\n" } @new));

    my ($uid, $gid) = (stat("$dir/.."))[4, 5];
    chown($uid, $gid, glob("$dir/*"));

    return @d;
}


sub line {
    my ($text) = @_;
    return sprintf('%s *%08x', $text, Compress::Zlib::crc32($text));
}


# CPU seconds of the workers' main threads.

sub cpu {
    my $sum = 0;

    $sum += (split(' ', slurp("/proc/$_/schedstat")))[0] for $t->workers;

    return $sum / 1e9;
}

###############################################################################
