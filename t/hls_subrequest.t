#!/usr/bin/perl

# Copyright (C) nginx-live authors

# live_hls in subrequests: included by SSI, asked by auth_request, and behind
# mirror.  What is there is answered, what is not is not waited for, and an
# access check may take its time.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::HLS;
use Test::NginxLive::HTTP;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls live_test /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; publish any;
             hls on; hls_path %%DIR%%/hls; hls_segment 2s;
             hls_target_duration 4s; hls_part 500ms; hls_window 24s;
             application live { }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /ssi { ssi on; root %%DIR%%; default_type text/html; }
             location /auth { set $stream $arg_name;
                              auth_request /check;
                              root %%DIR%%; try_files /page =404; }
             location = /check { internal;
                 rewrite ^ /hls/live/$stream/index.m3u8 last; }
             location /mirrored { mirror /mirror;
                                  root %%DIR%%; try_files /page =404; }
             location = /mirror { internal;
                 rewrite ^ /hls/live/$arg_name/index.m3u8 last; }
             location /status { live_status; } }'
)->start;

spit($t->path('page'), "the page\n");
spit($t->path('ssi'),
    '<<!--# include virtual="/hls/live/$arg_name/$arg_file?$arg_q" -->>');

my @pub = map { publish($t->rtmp("live/$_"), gop => 30) } qw/ a later /;
my $hls = Test::NginxLive::HLS->new($t, 'live/a');
$hls->multi;
Test::NginxLive::HLS->new($t, 'live/later')->multi;

# what is there

my $list = $hls->list('v0');
my $r = ssi($hls->file('v0.m3u8'), '', { 'Accept-Encoding' => 'gzip' });
is($r->{status}, 200, 'a page with a playlist');
like($r->{body}, qr/^<#EXTM3U\n.*>$/s, 'which is not compressed');

my $old = $list->{segments}[0]{uri};
my $bytes = $hls->bytes($old);
$r = ssi($hls->file($old));
is(length $r->{body}, length($bytes) + 2, 'a segment');
ok($r->{body} eq "<$bytes>", 'as it is');

my ($part) = map { $_->{uri} } map { @{$_->{parts} // []} }
    @{$list->{segments}}, $list->{open} // ();
$bytes = $hls->bytes($part);
$r = ssi($hls->file($part));
ok($r->{body} eq "<$bytes>", 'a part');

$r = ssi($hls->file($old), '', { Range => 'bytes=0-9' });
is(length $r->{body}, length($hls->bytes($old)) + 2,
    'a range of the page is none of the segment');

# what is not there

my $next = next_msn() + 1;
my $start = time();
$r = ssi($hls->file('v0.m3u8'), "_HLS_msn=$next");
is($r->{status}, 200, 'a page with a playlist that is to come');
like($r->{body}, qr/subrequests do not wait/, 'which is refused');
cmp_ok(time() - $start, '<', 1, 'at once');
like($t->log_text, qr/subrequest "[^"]+v0.m3u8" does not wait/,
    'as the log says');

$r = ssi($hls->file($hls->list('v0')->{hint}{uri}));
like($r->{body}, qr/do not wait|no such part|^<.{100,}>$/s,
    'nor is a hinted part waited for');

# the same connection goes on

my $c = Test::NginxLive::HTTP->new(port => $t->port('http'));
$r = $c->get(uri($hls->file('v0.m3u8'), "_HLS_msn=" . (next_msn() + 1)));
like($r->{body}, qr/do not wait/, 'refused');
$r = $c->get($hls->path($hls->file('v0.m3u8')));
is($r->{status}, 200, 'and the connection answers');
$c->close;

# asked for permission, now and later

is($t->get('/auth?name=a')->{body}, "the page\n", 'auth_request: allowed');
$start = time();
is($t->get('/auth?name=later')->{body}, "the page\n", 'allowed later');
cmp_ok(time() - $start, '>=', 0.19, 'when it is');
is($t->get('/auth?name=deny')->{status}, 403, 'denied');
is($t->get('/auth?name=laterdeny')->{status}, 403, 'denied later');

# SSI, later

$r = $t->get('/ssi?name=later&file=index.m3u8&q=');
like($r->{body}, qr/^<#EXTM3U\n.*>$/s, 'included later');

my $mark = $t->log_mark;
ok(wait_for(sub {
    $c = Test::NginxLive::HTTP->new(port => $t->port('http'));
    $c->request('/ssi?name=later&file=index.m3u8&q=');
    $c->readable(0.05);
    $c->close;
    return $t->log_since($mark) =~ /test access check cancelled/;
}, 10, 'a check that is cancelled'), 'a client that goes does not wait');

# mirrored: the client's own answer is not held, nor are its timers touched

$c = Test::NginxLive::HTTP->new(port => $t->port('http'));
is($c->get("/mirrored?name=$_")->{body}, "the page\n", "mirror of $_")
    for qw/ a later laterdeny a /;
$c->close;

done_testing();

###############################################################################

sub uri {
    my ($file, $args) = @_;

    return "/ssi?name=a&file=$file&q=" . ($args // '');
}


sub ssi {
    my ($file, $args, $headers) = @_;

    return $t->get(uri($file, $args), headers => $headers // {});
}


# Of the segment that is open.

sub next_msn {
    my $l = $hls->list('v0');

    return $l->{msn} + @{$l->{segments}};
}
