#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Requests that wait: blocking reloads of playlists and hinted parts, what is
# refused at once, how many may wait, what they get when nothing comes or all
# is over.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::HLS qw/ parse_media follow_until /;
use Test::NginxLive::Load qw/ watch undisturbed /;

###############################################################################

my $VIEWERS = 200;

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             publish any; reconnect 3s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 1s; hls_part 200ms; hls_window 6s;
             application live { }
             application few { hls_waiters 5 3; }
             application plain { hls_part 0; }
             application end { reconnect 1s; hls_segment 4s;
                               hls_target_duration 4s; hls_window 12s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             keepalive_requests 100000;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

my %pub = map {
    $_ => publish($t->rtmp($_), gop => 30, audio => $_ eq 'live/a' ? 48000 : 0)
} qw{ live/a few/a plain/a end/a };

my $hls = Test::NginxLive::HLS->new($t, 'live/a');
my $few = Test::NginxLive::HLS->new($t, 'few/a');
my $plain = Test::NginxLive::HLS->new($t, 'plain/a');

$_->multi for $hls, $few, $plain;

my $v0 = $hls->file('v0.m3u8');
my $parts = 5;

# R11: a part of the segment in progress: the first playlist that has it

my ($list, $msn, $next);

is(undisturbed(sub {
    $list = segment_start();
    $msn = $list->{open}{msn};

    for my $part (1 .. $parts - 1) {
        $list = $hls->list('v0', query => [ "_HLS_msn=$msn&_HLS_part=$part" ]);

        my $has = $list->{open}{msn} == $msn ? @{$list->{open}{parts}} : $parts;
        return "$has parts, asked for $part" if $has != $part + 1;
    }

    return '';
}), '', 'parts as soon as they are there');

# R11: the part after the last one of a segment is the first one of the next

is(undisturbed(sub {
    $list = segment_start();
    $msn = $list->{open}{msn};
    $next = $hls->list('v0', query => [ "_HLS_msn=$msn&_HLS_part=$parts" ]);

    my $has = "$next->{open}{msn}." . @{$next->{open}{parts}};
    return $has eq $msn + 1 . '.1' ? '' : "$has after $msn";
}), '', 'roll-over: the next segment, its first part, no more');

# ... which is there already

my $watch = watch();
$next = $hls->list('v0', query => [ "_HLS_msn=$msn&_HLS_part=$parts" ]);
cmp_ok($watch->(), '<', 0.15, 'which is not waited for twice');

# ... or is to come, asked for when the segment is complete

wait_for(sub {
    $list = $hls->list('v0');
    !@{$list->{open}{parts}} && $list->{segments}[-1]{msn} > $msn;
}, 10, 'a complete segment');

$msn = $list->{open}{msn} - 1;
$next = $hls->list('v0', query => [ "_HLS_msn=$msn&_HLS_part=$parts" ]);
cmp_ok(@{$next->{open}{parts}}, '>=', 1, 'roll-over of a complete segment');

# R11: a whole segment

is(undisturbed(sub {
    $msn = $next->{open}{msn};
    $next = $hls->list('v0', query => [ "_HLS_msn=$msn" ]);

    my $has = "$next->{segments}[-1]{msn} and " . @{$next->{open}{parts}};
    return $has =~ /^$msn and [01]$/ ? '' : "$has, asked for $msn";
}), '', 'a segment when it is complete');

# R11: what was there long ago

$watch = watch();
$list = $hls->list('v0', query => [ '_HLS_msn=0&_HLS_part=0' ]);
ok($list->{hint}, 'a playlist of now for an old number');
$hls->list('v0', query => [ '_HLS_msn=' . ($msn - 1) ]);
cmp_ok($watch->(), '<', 0.2, 'at once');

# R11: what is refused, on one connection that stays

my $c = $hls->client;

$list = segment_start();
$msn = $list->{open}{msn};

my $limit = int(3 / $list->{part_target});

for my $bad (
    [ '_HLS_msn=' . ($msn + 2), 'MSN past the next one but one' ],
    [ '_HLS_msn=' . ($msn + 2) . '&_HLS_part=0', 'and a part of it' ],
    [ "_HLS_msn=$msn&_HLS_part=" . ($limit + $parts), 'advance part limit' ],
    [ '_HLS_msn=' . ($msn + 1) . "&_HLS_part=$limit", 'of the next segment' ],
    [ '_HLS_part=1', 'part without MSN' ],
    [ '_HLS_part=', 'empty part without MSN' ],
    [ '_HLS_msn=', 'empty' ],
    [ "_HLS_msn=$msn&_HLS_part=", 'empty part' ],
    [ '_HLS_msn=-1', 'negative' ],
    [ "_HLS_msn=+$msn", 'sign' ],
    [ "_HLS_msn=${msn}a", 'a letter' ],
    [ "_HLS_msn=0x$msn", 'hexadecimal' ],
    [ "_HLS_msn=${msn}.0", 'a fraction' ],
    [ "_HLS_msn=%20$msn", 'a space' ],
    [ "_HLS_msn=$msn&_HLS_part=-1", 'negative part' ],
    [ "_HLS_msn=$msn&_HLS_part=one", 'a word' ],
    [ '_HLS_msn=' . ((1 << 32) + $msn), '32 bits' ],
    [ '_HLS_msn=18446744073709551616', '64 bits' ],
    [ '_HLS_msn=' . '9' x 40, '40 digits' ],
    [ "_HLS_msn=$msn&_HLS_part=" . '9' x 40, '40 digits of a part' ],
    [ "_HLS_msn=$msn&_HLS_part=18446744073709551615", 'a part of 64 bits' ],
) {
    my $r = $c->get($hls->path($v0, $bad->[0]));

    is($r->{status}, 400, "400: $bad->[1]");
    is($r->{headers}{'cache-control'}, 'no-store', 'not to be kept')
        if $bad->[0] eq '_HLS_part=1';
}

# the same connection, which was not closed

is($c->get($hls->path($v0))->{status}, 200, 'connection is kept alive');

# ... and what is just allowed

for my $good ('_HLS_msn=' . ($msn + 1), "_HLS_msn=$msn&_HLS_part=" .
              ($limit - 1), '_HLS_msn=' . ($msn + 1) . '&_HLS_part=1',
              "_HLS_msn=$msn&_HLS_part=1&_HLS_msn=x")
{
    is($c->get($hls->path($v0, $good))->{status}, 200, "200: $good");
}

# R11 of plain HLS: there are no parts, a segment is waited for

$list = $plain->list('v0');
$msn = $list->{open}{msn};
$next = $plain->list('v0', query => [ "_HLS_msn=$msn&_HLS_part=7" ]);
is($next->{segments}[-1]{msn}, $msn, 'plain HLS: a segment');
is($plain->get($plain->file('v0.m3u8'), query => [ '_HLS_msn='
    . ($msn + 3) ])->{status}, 400, 'plain HLS: too far ahead');

# R18: the hinted part is held and sent at once, as it is later

for (1 .. 3) {
    $list = $hls->list('v0');

    my $r = $hls->get($hls->file($list->{hint}{uri}));

    is($r->{status}, 200, "hint $list->{hint}{uri}");
    is($r->{headers}{'content-length'}, length $r->{body}, 'with its length');
    ok(!$r->{headers}{'transfer-encoding'}, 'not in chunks');
    is($hls->bytes($list->{hint}{uri}), $r->{body}, 'the same bytes later');

    $next = $hls->list('v0');
    my $seg = (grep { $_->{msn} == $list->{hint}{msn} }
               @{$next->{segments}}, $next->{open})[0];
    is($seg->{parts}[$list->{hint}{part}]{uri}, $list->{hint}{uri},
        'and it is listed');
}

# R18: what is not hinted is not waited for

is(undisturbed(sub {
    $list = segment_start();
    $msn = $list->{open}{msn};
    $watch = watch();

    my @wrong;

    for my $uri ("v0-$msn.3.m4s", 'v0-' . ($msn + 1) . '.0.m4s',
                 'v0-' . ($msn + 9) . '.0.m4s', "v0-$msn.m4s",
                 'v0-' . ($msn + 1) . '.m4s', 'v0-' . ($msn - 1) . ".$parts.m4s",
                 "v0-$msn.0.m4s.mp4", "v0-0$msn.0.m4s", "v9-$msn.0.m4s",
                 'v0-init-0123456789abcdef.mp4')
    {
        my $r = $c->get($hls->path($hls->file($uri)));
        my $said = "$r->{status} " . ($r->{headers}{'cache-control'} // '');

        push @wrong, "$uri: $said" if $said ne '404 no-store';
    }

    return join(', ', @wrong);
}), '', '404, not to be kept');

cmp_ok($watch->(), '<', 1, 'at once');

# R16: many wait, in both workers, and get the same bytes, again and again

my @viewers = map { { c => $hls->client } } 1 .. $VIEWERS;

for my $round (1 .. 3) {
    is(undisturbed(\&same_moment), '', "round $round: the same at one time");
}

my %workers = map { ($t->worker_of_port($_->{c}->sock->sockport) // 0) => 1 }
              @viewers[0 .. 39];
is(scalar(keys %workers), 2, 'viewers are in both workers');

# R16: a bound for a stream, of all workers together

my $uri = $few->path($few->file('v0.m3u8'));
my %count;

is(undisturbed(sub {
    $_->{c}->close for @viewers;
    @viewers = few_waiters(30);

    %count = ();
    $count{$_->{status} // 'waits'}++ for @viewers;

    return ($count{waits} // 0) == 5 ? '' : join(' ', %count);
}), '', 'hls_waiters of them may wait');

is(($count{200} // 0) + ($count{503} // 0) + ($count{waits} // 0), 30,
    'all are answered or wait');

my ($refused) = grep { ($_->{status} // 0) == 503 } @viewers;

like($refused->{headers}{'retry-after'}, qr/^[1-9]\d*$/, '503: Retry-After');
is($refused->{headers}{'cache-control'}, 'no-store', '503: not to be kept');
is($refused->{c}->get($uri)->{status}, 200, '503: connection is kept alive');

# ... who goes makes room

$_->{c}->close for @viewers;

wait_for(sub {
    my @again = few_waiters(5);
    my $waits = grep { !$_->{status} } @again;
    $_->{c}->close for @again;
    $waits == 5;
}, 10, 'room for others');
pass('those who left make room');

# R11: no news for three target durations

$list = $few->list('v0');
$pub{'few/a'}->signal('STOP');

my ($start, $r);

$c = $few->client;

# what is on its way comes first

wait_for(sub {
    $list = $few->list('v0');
    $start = time();
    $watch = watch();

    $r = $c->get("$uri?_HLS_msn=$list->{hint}{msn}"
                 . "&_HLS_part=$list->{hint}{part}", timeout => 10);

    return $r->{status} != 200;
}, 10, 'silence');

is($r->{status}, 503, 'no news: 503');
cmp_ok(time() - $start, '>', 2.9, 'after three target durations');
cmp_ok($watch->(), '<', 3.6 * factor(), 'and not much later');
like($r->{headers}{'retry-after'}, qr/^[1-9]\d*$/, 'with Retry-After');
is($r->{headers}{'cache-control'}, 'no-store', 'and not to be kept');
is($c->get($uri)->{status}, 200, 'connection is kept alive');

$pub{'few/a'}->signal('CONT');

# R18: the hint of a part that never comes; R7: gaps while the encoder is
# away; R11: the end lets all go

my %f = map { $_ => $hls->follow($_) } qw/ v0 a1 /;
follow_until(sub { $f{v0}{playlists} > 3 }, 10, values %f);

my $hint = $hls->client;
$list = $hls->list('v0');
$hint->request($hls->path($hls->file($list->{hint}{uri})));

# just after it came, so that the next one is not near

$hint->response;
$list = $hls->list('v0');
$hint->request($hls->path($hls->file($list->{hint}{uri})));
$pub{'live/a'}->kill;

$r = $hint->response;
ok($r->{status} == 404 || $r->{status} == 200
   && $r->{body} eq $hls->bytes($list->{hint}{uri}),
   "hint of a part that may not come: $r->{status}");

$list = $hls->list('v0');
$hint->request($hls->path($hls->file($list->{hint}{uri})));
is($hint->response(timeout => 10)->{status}, 404,
    'hint of a part that does not come');

# while it is away, the playlist says that something may come

$list = $hls->list('v0');
ok($list->{hint}, 'there is a hint while the encoder is away');

follow_until(sub { $f{v0}->done && $f{a1}->done }, 20, values %f);

for my $f (values %f) {
    is(join("\n", @{$f->errors}), '', "$f->{track}: to the end");
    ok($f->list->{ended}, "$f->{track}: ENDLIST");

    my @gaps = grep { $_->{gap} } @{$f->list->{segments}};
    cmp_ok(scalar @gaps, '>=', 2, "$f->{track}: gaps while it was away");
    is($f->list->{segments}[-1]{gap}, 1, "$f->{track}: up to the end");
}

# R11, R12: of an ended playlist directives are ignored

for my $query ('_HLS_msn=99999999', '_HLS_part=3', '_HLS_msn=x',
               '_HLS_msn=0&_HLS_skip=YES')
{
    my $r = $hls->get($v0, query => [ $query ]);
    is($r->{status}, 200, "ended: $query");

    my $list = parse_media($r->{body});
    ok($list->{ended} && !$list->{skipped}, 'the whole list');
}

# R11: those who wait for something when it ends get the end: a segment lasts
# longer here than the encoder is waited for

my $end = Test::NginxLive::HLS->new($t, 'end/a');
$end->multi;
$list = $end->list('v0');

my @waiters = map { $end->client } 1 .. 20;

for my $c (@waiters) {
    $c->request($end->path($end->file('v0.m3u8'), '_HLS_msn='
                           . ($list->{open}{msn} + 1)));
}

$pub{'end/a'}->kill;
wait_for(sub { $end->list('v0')->{open}{msn} > $list->{open}{msn} }, 10,
    'the encoder to be away');

my %ends = map { $_->response(timeout => 10)->{body} => 1 } @waiters;

is(scalar(keys %ends), 1, 'one text for all who waited for the end');
$list = parse_media((keys %ends)[0]);
is(join("\n", @{$list->{errors}}), '', 'which is a playlist');
ok($list->{ended}, 'with ENDLIST');

done_testing();

###############################################################################


# A playlist in which a segment has just begun, with one part.

sub segment_start {
    my $list = $hls->list('v0');
    my $n = $list->{open}{msn};

    return $hls->list('v0', query => [ "_HLS_msn=" . ($n + 1)
                                       . '&_HLS_part=0' ]);
}


# All ask for the hinted part's playlist: what is wrong with the answers.

sub same_moment {
    $list = $hls->list('v0');

    my $query = "_HLS_msn=$list->{hint}{msn}&_HLS_part=$list->{hint}{part}";
    my %texts;
    my ($first, $last);

    $_->{c}->request($hls->path($v0, $query)) for @viewers;

    my %by = map { $_->{c}->sock => $_ } @viewers;
    my $select = IO::Select->new(map { $_->{c}->sock } @viewers);

    while ($select->count) {
        my @ready = $select->can_read(5) or last;

        for my $sock (@ready) {
            my $r = $by{$sock}{c}->response(timeout => 5);

            $texts{"$r->{status} $r->{headers}{etag} $r->{body}"}++;
            $select->remove($sock);
            $first //= time();
            $last = time();
        }
    }

    # what was asked for is of one moment but for reports of other renditions

    my @kinds = keys %texts;

    return 'not all are answered' if $select->count || grep { !/^200 / } @kinds;
    return scalar(@kinds) . ' texts' if @kinds > 2;
    return sprintf('%.2f s from the first to the last', $last - $first)
        if $last - $first >= 0.3 * factor();

    return '';
}


# N clients, by turns of one worker and the other, ask for the segment after the
# next one; those that are answered have a status.

sub few_waiters {
    my ($n) = @_;

    my @workers = $t->workers();
    my @clients;

    while (@clients < $n) {
        my $c = $few->client;
        $c->get($uri);

        if ($t->worker_of_port($c->sock->sockport) != $workers[@clients % 2]) {
            $c->close;
            next;
        }

        push @clients, { c => $c };
    }

    my $list = $few->list('v0');
    $list = $few->list('v0', query => [ "_HLS_msn=$list->{open}{msn}" ]);

    $_->{c}->request("$uri?_HLS_msn=" . ($list->{open}{msn} + 1))
        for @clients;

    my $end = time() + 0.4;

    for my $client (@clients) {
        my $left = $end - time();

        if ($client->{c}->readable($left > 0 ? $left : 0)) {
            %$client = (%$client, %{$client->{c}->response});
        }
    }

    return @clients;
}

###############################################################################
