#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Timed metadata: emsg boxes in the parts of one rendition, at the right time,
# bounded and counted; pins of the chat as ID3, up to a player's event.

###############################################################################

use warnings;
use strict;

use Test::More;

use JSON::PP qw/ decode_json /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::Chat;
use Test::NginxLive::HLS qw/ follow_until /;
use Test::NginxLive::MP4 qw/ fragments /;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls http_live_chat
    ngx_http_live_token_module live_test /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe openssl /);

my $URN = 'urn:nginx-live:chat:2026';
my $ID3 = 'https://aomedia.org/emsg/ID3';

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $t = Test::NginxLive->new(
    live => 'zone live 64m; token_key ' . $keys->dir . ';
             publish any; reconnect 20s; publish_conflict takeover;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 250ms; hls_window 30s;
             application live { chat_metadata tips pins; }
             application plain { hls_part 0; metadata_queue 100; }
             application without { hls off; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'live_chat_rate off; live_chat_guests write;
             server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /chat/ { live_chat; }
             location /metadata { live_test_metadata; }
             location /status { live_status; } }'
)->start;

my @opt = (fps => 25, gop => 25, bframes => 2, audio => 44100);

my $pub = publish($t->rtmp('live/a'), @opt);
my $plain = publish($t->rtmp('plain/a'), audio => 0, fps => 25, gop => 25);
my $sound = publish($t->rtmp('live/sound'), video => 0, audio => 44100);
my $without = publish($t->rtmp('without/a'));

my $hls = Test::NginxLive::HLS->new($t, 'live/a');
$hls->multi;

# nobody takes it

is_deeply(put('without/a', 'x'), { put => 0, declined => 1, dropped => 0 },
    'without HLS nobody takes it');
is_deeply(put('live/none', 'x'), { put => 0, declined => 1, dropped => 0 },
    'there is no such stream');

# in the parts of the pictures

my @f = map { $hls->follow($_) } qw/ v0 a1 /;
follow_until(sub { !grep { $_->complete < 1 } @f }, 20, @f);

is(put('live/a', 'first', id => 7, duration => 45000)->{put}, 1, 'put');
follow_until(sub { events($f[0]) >= 1 }, 10, @f);
is(put('live/a', 'more', id => 8, n => 3)->{put}, 3, 'some at once');
follow_until(sub { events($f[0]) >= 4 && !grep { $_->complete < 3 } @f }, 10,
    @f);

my @events = events($f[0]);
is_deeply([ map { $_->{data} } @events ], [qw/ first more more more /],
    'each of it once, in order');
is_deeply([ @{$events[0]}{qw/ scheme value timescale id duration /} ],
    [ 'urn:test', 'v', 90000, 7, 45000 ], 'scheme, value, id, duration');
is($events[1]{duration}, 0xffffffff, 'of no known duration');
is_deeply([ events($f[1]) ], [], 'nothing in the sound');

ok(!(grep { $_->{time} < $_->{from} || $_->{time} >= $_->{to} } @events),
    'presented within the chunk that carries it');

is(join("\n", @{$_->errors}, @{$_->media_errors}, @{$_->refetch_errors}), '',
    "$_->{track}: playlists, parts and files") for @f;

ok(decodes($f[0]->save($t->path('v0.mp4'))), 'ffmpeg decodes it');

# as ID3, what moderators pin

my $mod = Test::NginxLive::Chat->new($t, '/chat/live/a?token='
    . $keys->token('HS256', sub => 'mona', stream => 'live/*',
                   role => 'moderator'));
$mod->join;
$mod->send(type => 'message', text => "Read \"this\" \x{1F600}");
my $m = $mod->wait('message');
$mod->send(type => 'moderate', action => 'pin', target => $m->{id});
my $pinned = $mod->wait('pinned');

follow_until(sub { events($f[0]) >= 5 }, 10, @f);
my $e = (events($f[0]))[4];

is($e->{scheme}, $ID3, 'a pin: ID3');
is($e->{value}, $URN, 'whose it is');
is_deeply(decode_json(id3($e->{data})), $pinned, 'the entry of the log');
cmp_ok(abs($e->{time} / 90 - $m->{time}), '<', 1000,
    'shown when it was said');

# the time of what is said is that of the media: by the playlist's date it is
# the moment at which it was said

same_time('from the beginning');

$t->reload;
same_time('after a reload');

# what comes while the publisher is away waits for its return, also when its
# worker, of before the reload, leaves meanwhile

$pub->stop;
wait_for(sub { stream('live/a')->{state} eq 'waiting' }, 10, 'waiting');

put('live/a', 'later');
is(stream('live/a')->{metadata}{waiting}, 1, 'it waits');
wait_for(sub { stream('live/a')->{hls}{adopted} }, 10, 'another worker');

$mod->close;
$pub = publish($t->rtmp('live/a'), @opt);

my $g = $hls->follow('v0');
follow_until(sub { grep { $_->{data} eq 'later' } events($g) }, 20, $g);
pass('it is in the media of the next publisher');
is(join("\n", @{$g->media_errors}), '', 'which is right');
same_time('after a takeover');

# bounds; without parts a segment begins with it

my $r = put('plain/a', 'x' x 40, n => 5);
is_deeply($r, { put => 2, declined => 0, dropped => 3 }, 'bounded');
is(stream('plain/a')->{metadata}{dropped}, 3, 'and counted');

my $p = Test::NginxLive::HLS->new($t, 'plain/a');
$p->multi;
my ($pf) = map { $p->follow($_) } $p->tracks;
follow_until(sub { events($pf) >= 2 }, 20, $pf);
is(join("\n", @{$pf->errors}, @{$pf->media_errors}), '', 'plain HLS');
is(stream('plain/a')->{metadata}{waiting}, 0, 'nothing waits');
is(put('plain/a', 'x' x 200)->{dropped}, 1, 'too large at all');

# sound alone carries it in its own timescale

my $s = Test::NginxLive::HLS->new($t, 'live/sound');
$s->multi;
my ($sf) = map { $s->follow($_) } $s->tracks;
put('live/sound', 'heard');
follow_until(sub { events($sf) >= 1 }, 20, $sf);
($e) = events($sf);
is($e->{timescale}, 44100, 'timescale of sound');
ok($e->{time} >= $e->{from} && $e->{time} < $e->{to}, 'within its chunk');

player() if browser();

done_testing();

###############################################################################


sub put {
    my ($stream, $data, %args) = @_;

    return $t->json("/metadata?stream=$stream&data=$data"
        . join('', map { "&$_=$args{$_}" } sort keys %args));
}


# What a follower has found in media, with the presentation interval of the
# fragment.

sub events {
    my ($f) = @_;

    my @found;

    for my $seg (map { $f->{segments}{$_} }
                 sort { $a <=> $b } keys %{$f->{segments}})
    {
        my $bytes = length($seg->{bytes} // '') ? $seg->{bytes}
            : join('', map { $_->{bytes} // '' } @{$seg->{parts}});

        next unless length($bytes);

        for my $fr (@{fragments($bytes)}) {
            next unless @{$fr->{events}};

            my ($from) = sort { $a <=> $b }
                map { $_->{dts} + $_->{cts} } @{$fr->{samples}};

            push @found, map { { %$_, from => $from,
                                 to => $from + $fr->{duration},
                                 msn => $seg->{msn} } } @{$fr->{events}};
        }
    }

    return @found;
}


# The text of a tag with one frame, TXXX.

sub id3 {
    my ($tag) = @_;

    my ($id, $version, $flags, $size, $frame, $fsize, $fflags, $encoding, $name,
        $text) = unpack('a3 n C a4 a4 a4 n C Z* a*', $tag);

    return "bad tag $id $version" if $id ne 'ID3' || $version != 0x400
        || $flags || $frame ne 'TXXX' || $fflags || $encoding != 3;
    return 'bad size' if _size($size) != length($tag) - 10
        || _size($fsize) != length($tag) - 20;
    return 'bad name' if $name ne $URN;

    return $text;
}


sub _size {
    my $n = 0;
    $n = $n << 7 | $_ for unpack('C4', $_[0]);
    return $n;
}


sub stream {
    my ($key) = @_;

    my ($app, $name) = split(m{/}, $key);
    my $status = eval { $t->json('/status') } // { streams => [] };
    my ($s) = grep { $_->{application} eq $app && $_->{name} eq $name }
        @{$status->{streams}};

    return $s // {};
}


# The date of "time" in a segment is "ts".

sub same_time {
    my ($what) = @_;

    my $c = Test::NginxLive::Chat->new($t, '/chat/live/a');
    $c->join;
    $c->send(type => 'message', text => $what);
    my $m = $c->wait('message', sub { $_[0]{text} eq $what });
    $c->close;

    my $list;

    wait_for(sub {
        $list = $hls->list('v0');
        my ($last) = reverse grep { $_->{uri} } @{$list->{segments}};
        $last && ($last->{date} + $last->{duration}) * 1000 > $m->{ts};
    }, 10, 'the segment of it');

    my ($seg) = grep { $_->{date} * 1000 <= $m->{ts} && $_->{uri} }
        reverse @{$list->{segments}};
    my ($f) = @{fragments($hls->bytes($seg->{uri}))};
    my $shown = $f->{samples}[0]{dts} + $f->{samples}[0]{cts};
    my $date = $seg->{date} * 1000 + $m->{time} - $shown / 90;

    # a busy machine's frames come late, and a first one may come early

    cmp_ok(abs($date - $m->{ts}), '<', 1500, "time is that of the media, $what")
        or diag("date $date, ts $m->{ts}");
}


sub browser {
    return -f Test::NginxLive::Browser::root() . '/hls.min.js'
           && grep { -x "$_/chromium" } split(/:/, $ENV{PATH});
}


# A player is given it at its time: within a frame of where the server says.

sub player {
    my $b = Test::NginxLive::Browser->new($t->url('/hls/live/a/index.m3u8'),
        seconds => 0, start => 60, config => { lowLatencyMode => 1 });
    $b->event('started');
    $b->eval('self.told = [], liveProbe.hls().on("hlsFragParsingMetadata", '
        . '(e, d) => d.samples.forEach((s) => self.told.push({ pts: s.pts, '
        . 'text: new TextDecoder().decode(s.data) }))), 1');

    my $c = Test::NginxLive::Chat->new($t, '/chat/live/a?token='
        . $keys->token('HS256', sub => 'mona', stream => 'live/*',
                       role => 'moderator'));
    $c->join;
    $c->send(type => 'message', text => 'look');
    my $said = $c->wait('message', sub { $_[0]{text} eq 'look' });
    $c->send(type => 'moderate', action => 'pin', target => $said->{id});
    my $pin = $c->wait('pinned');

    $b->wait_until('self.told.length');
    my $told = $b->eval('self.told[0]');
    like($told->{text}, qr/\Q$URN\E\0.*\Q$pin->{id}\E/s,
        'hls.js: the event of the pin');

    # where it is by dates: of the player's, once it knows the segment as a
    # whole, and of the server's

    $b->wait_until('((at) => { const f = liveProbe.hls().levels[0].details'
        . '.fragments; return f.length && f[f.length - 1].start > at; })'
        . '(self.told[0].pts)');

    my $date = $b->eval('((at) => { const f = liveProbe.hls().levels[0].details'
        . '.fragments.filter((f) => f.start <= at).pop(); return '
        . 'f.programDateTime + 1000 * (at - f.start); })(self.told[0].pts)');

    my ($list, $e, $seg);

    wait_for(sub {
        $list = $hls->list('v0');

        for my $s (reverse grep { $_->{uri} } @{$list->{segments}}) {
            $seg = $s;
            ($e) = grep { index($_->{data}, $pin->{id}) >= 0 }
                map { @{$_->{events}} } @{fragments($hls->bytes($s->{uri}))};
            return 1 if $e;
        }
        return 0;
    }, 10, 'its segment');

    my ($f) = @{fragments($hls->bytes($seg->{uri}))};
    my $shown = $f->{samples}[0]{dts} + $f->{samples}[0]{cts};
    my $at = $seg->{date} * 1000 + ($e->{time} - $shown) / 90;

    cmp_ok(abs($date - $at), '<', 40, 'within a frame of its time')
        or diag("$date, $at");

    # Chromium drops the cue with which hls.js makes its text track: the next
    # one is there

    $c->send(type => 'moderate', action => 'unpin');
    $b->wait_until('[...liveProbe.video.textTracks].some((t) => t.cues && '
        . '[...t.cues].some((c) => c.value && c.value.info === "' . $URN
        . '" && JSON.parse(c.value.data).type === "unpinned"))');
    pass('and a cue of a text track');

    $b->finish;
    $c->close;
}

###############################################################################
