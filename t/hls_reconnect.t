#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Discontinuities: an encoder that goes and comes back, as it was and as
# another one; one whose clock wraps and jumps, and whose configuration
# changes while it runs.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::FLV;
use Test::NginxLive::HLS qw/ parse_media follow_until /;
use Test::NginxLive::RTMP;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             publish any; reconnect 5s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 1s; hls_part 200ms; hls_window 4s;
             application live { }
             application long { hls_window 40s; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

# the clock of this encoder wraps, jumps ahead, goes on with another
# configuration, and jumps back; three seconds of each

my %file = map { $_->[0] => tags(@$_) } [ 'a', '320x180' ], [ 'b', '160x90' ];

my $sender = sender(
    [ $file{a}, 2 ** 32 - 1500 ],
    [ $file{a}, 1500 + 600_000 ],
    [ $file{b}, 1500 + 603_100 ],
    [ $file{a}, 40_000 ],
);

my $pub = publish($t->rtmp('live/a'), gop => 30);

my $hls = Test::NginxLive::HLS->new($t, 'live/a');
my $raw = Test::NginxLive::HLS->new($t, 'long/a');

wait_for(sub { send_due(); ready('live') && ready('long') }, 20,
    'complete segments');

my $multi = $hls->multi;
$raw->multi;

my $session = $hls->session;
my ($v, $aa) = map { $hls->follow($_) } qw/ v0 a1 /;
my ($rv, $ra) = map { $raw->follow($_) } qw/ v0 a1 /;
my @all = ($v, $aa, $rv, $ra);


sub until_ {
    my ($code, $timeout) = @_;
    follow_until(sub { send_due(); $code->() }, $timeout, @all);
}


until_(sub { $v->complete >= 2 && $aa->complete >= 2 }, 10);

# away: R7, gaps at the cadence of segments

$pub->kill;
until_(sub { gaps($v) >= 2 && gaps($aa) >= 2 }, 10);

my $list = $hls->list('v0');

ok($list->{segments}[-1]{gap}, 'gaps while the encoder is away');
is($list->{segments}[-1]{duration}, '1.000000', 'at the cadence of segments');
ok($list->{hint}, 'with a hint of what may come');
is($hls->get($hls->file($list->{segments}[-1]{uri}))->{status}, 404,
    'a gap has no bytes');

# and back

my $first = $v->list->{open}{msn};

$pub = publish($t->rtmp('live/a'), gop => 30);
until_(sub { after($v, $first) >= 2 && after($aa, $first) >= 2 }, 15);

is($hls->multi->{session}, $session, 'the session goes on');

my @v = discontinuities($v);
my @a = discontinuities($aa);

is(scalar @v, 1, 'one discontinuity');
is_deeply(\@a, \@v, 'at the same segment of all renditions');

# it is where media goes on

my $back = $v->segments->{$v[0]};

ok(!$back->{gap}, 'the segment of it has media');
ok($v->segments->{$v[0] - 1}{gap}, 'the one before is a gap');
is($back->{map}, $v->segments->{$v[0] - 3}{map},
    'the map of the same configuration is the same');
cmp_ok($back->{date} - $v->segments->{0}{date}, '>', 3, 'dates go on');

# by how much has passed really: the clock of the renditions is one, also now

my $real = $back->{date} - $aa->segments->{$v[0]}{date};
cmp_ok(abs($real), '<', 0.2, 'dates of both');

# R8: the date is that of the arrival

my $late = time() - ($hls->list('v0')->{segments}[-1]{date} + 1);
cmp_ok($late, '>', -0.5, 'dates are of now');
cmp_ok($late, '<', 2.5 * factor(), 'and not of long ago');

# R6: away again, and back as another encoder

$pub->kill;
until_(sub { $v->list->{segments}[-1]{gap} && $aa->list->{segments}[-1]{gap} },
    10);

$first = $v->list->{open}{msn};
$pub = publish($t->rtmp('live/a'), gop => 25, fps => 25, size => '160x90',
               audio => 44100);
until_(sub { after($v, $first) >= 5 && after($aa, $first) >= 5 }, 20);

@v = discontinuities($v);

is(scalar @v, 2, 'another discontinuity');
is_deeply([ discontinuities($aa) ], \@v, 'of all renditions');
isnt($v->segments->{$v[1]}{map}, $back->{map}, 'another map of video');
isnt($aa->segments->{$v[1]}{map}, $aa->segments->{$v[0]}{map}, 'and of sound');
like($hls->multi->{variants}[0]{RESOLUTION}, qr/^160x90$/,
    'the multivariant playlist knows');

is($hls->multi->{variants}[0]{'FRAME-RATE'}, '25.000', 'its frame rate');

# ... which has the times of its encoder, not those of the former one

$v->media_errors;
$aa->media_errors;

my @samples = map { @{$_->{samples}} } map { @{$_->{fragments}} }
              grep { $_->{msn} > $v[1] } $v->media;
is(scalar(grep { $_->{duration} != 3600 } @samples), 0, 'of its pictures');

@samples = map { @{$_->{samples}} } map { @{$_->{fragments}} }
           grep { $_->{msn} > $v[1] } $aa->media;
is(scalar(grep { abs($_->{duration} - 1024) > 1 } @samples), 0,
    'and of its sound');

# R7, R10: tags that have left the window are counted (the followers compare
# the sequence number of each playlist as well)

cmp_ok($v->list->{msn}, '>', $v[0], 'the first one has left the window');
is($v->list->{dseq}, 1 + ($v->list->{msn} > $v[1] ? 1 : 0),
    'and was counted');
is($aa->list->{dseq} - ($aa->list->{msn} > $v[1] ? 1 : 0), 1, 'of both');

# the other encoder meanwhile

until_(sub { $sender->{done} }, 20);
until_(sub { $rv->list->{segments}[-1]{gap} }, 10);

@v = discontinuities($rv);

is(scalar @v, 3, 'jumps and a change: a discontinuity each');
is_deeply([ discontinuities($ra) ], \@v, 'of all renditions at the same place')
    or diag(join(' ', discontinuities($ra)), ' and ', join(' ', @v));

my @maps = map { $rv->segments->{$_}{map} } 0, @v;

is($maps[1], $maps[0], 'a jump does not change the map');
isnt($maps[2], $maps[1], 'another configuration does');
is($maps[3], $maps[0], 'a configuration that was there has the map it had');

# R8: a clock that wraps is no discontinuity: tfdt goes on (the followers
# look at it)

is($t->json('/status')->{streams}[0]{name} && 1, 1, 'status');
my ($s) = grep { $_->{application} eq 'long' }
          @{$t->json('/status')->{streams}};
is($s->{timeline}{wraps} // $s->{repairs}{wraps} // 1, 2, 'two wraps')
    if $s && ($s->{timeline} || $s->{repairs});
cmp_ok($rv->segments->{0}{duration}, '==', 1, 'segments of a wrapped clock');

# what was seen is right, up to the end

$pub->kill;
until_(sub { $v->done && $aa->done && $rv->done && $ra->done }, 20);

for my $f (@all) {
    my $id = "$f->{hls}{stream}, $f->{track}";
    is(join("\n", @{$f->errors}), '', "$id: playlists");
    is(join("\n", @{$f->media_errors}), '', "$id: media");
    ok($f->list->{ended}, "$id: ENDLIST");
    ok(decodes($f->save($t->path("$f->{track}.mp4"))), "$id: decodes");
}

done_testing();

###############################################################################


# Whether a multivariant playlist is there, without waiting for it.

sub ready {
    my ($app) = @_;

    my ($s) = grep { $_->{application} eq $app }
              @{$t->json('/status')->{streams}};
    my $r = $s && $s->{hls} && $s->{hls}{renditions} or return 0;

    return @$r == 2 && !grep { $_->{next} == 0 } @$r;
}


sub gaps {
    my ($f) = @_;
    return scalar grep { $_->{gap} } values %{$f->segments};
}


# Complete segments with media from an MSN on.

sub after {
    my ($f, $msn) = @_;

    return scalar grep { $_->{msn} >= $msn && defined $_->{duration}
                         && !$_->{gap} } values %{$f->segments};
}


sub discontinuities {
    my ($f) = @_;

    return sort { $a <=> $b } map { $_->{msn} }
        grep { $_->{discontinuity} } values %{$f->segments};
}


# The tags of three seconds of a test pattern.

sub tags {
    my ($name, $size) = @_;

    my $file = $t->path("$name.flv");
    my $res = run_command(cmd => [ 'ffmpeg', encoder_args(realtime => 0,
        size => $size, gop => 30, duration => 3), '-f', 'flv', $file ]);

    die "ffmpeg: $res->{err}\n" if $res->{rc};

    my $flv = Test::NginxLive::FLV->new->add(slurp($file));
    return [ grep { $_->{type} ne 'script' } @{$flv->{tags}} ];
}


# An encoder that sends pieces, each [ tags, time of its first one ], in real
# time.

sub sender {
    my (@pieces) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    $c->publish('long', 'a');

    my @queue;
    my $n = 0;

    for my $piece (@pieces) {
        my ($tags, $time) = @$piece;

        push @queue, map { { %$_, due => $n * 3.1 + $_->{time} / 1000,
                             time => ($time + $_->{time}) % 2 ** 32 } } @$tags;
        $n++;
    }

    return { client => $c, queue => \@queue, start => time(), done => 0 };
}


sub send_due {
    my $queue = $sender->{queue};
    my $now = time() - $sender->{start};

    while (@$queue && $queue->[0]{due} <= $now) {
        my $tag = shift @$queue;

        $tag->{type} eq 'video'
            ? $sender->{client}->video($tag->{time}, $tag->{data})
            : $sender->{client}->audio($tag->{time}, $tag->{data});
    }

    if (!@$queue && !$sender->{done}) {
        $sender->{done} = 1;
        $sender->{client}->close;
    }
}

###############################################################################
