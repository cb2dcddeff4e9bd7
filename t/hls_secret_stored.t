#!/usr/bin/perl

# Copyright (C) nginx-live authors

# hls_secret, when the session is over and nginx was started again: playlists of
# the files want a token and are for one viewer, media want none and are shared
# by all viewers behind a cache.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ ffmpeg openssl /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             publish any; reconnect 1s; play token; token_key %%DIR%%/keys;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 200ms; hls_window 60s;
             hls_secret on;
             application live { }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'log_format uri "$status $request_uri";

             proxy_cache_path %%DIR%%/cache keys_zone=cache:1m;

             map $arg_s $personal { "" 1; default ""; }

             server { listen 127.0.0.1:%%PORT_http%%;
                 access_log %%DIR%%/uri.log uri;
                 location /hls/ { live_hls; }
                 location /status { live_status; }
                 location /edge/ { live_hls; live_token_edge on; } }

             server { listen 127.0.0.1:%%PORT_cache%%;
                 location /hls/ {
                     proxy_pass http://127.0.0.1:%%PORT_http%%;
                     proxy_cache cache;
                     proxy_cache_lock on;
                     proxy_cache_key $uri?s=$arg_s;
                     proxy_cache_bypass $personal;
                     proxy_no_cache $personal; } }'
);

my $keys = Test::NginxLive::Token->new($t->dir, 'HS256');

$t->start;

my @viewers = map {
    $keys->token('HS256', sub => "viewer$_", stream => 'live/*')
} 1 .. 20;
my $token = $viewers[0];

my $pub = publish($t->rtmp('live/a'), gop => 30);

my $multi = wait_for(sub {
    my $r = $t->get("/hls/live/a/index.m3u8?token=$token");
    $r->{status} == 200 && $r->{body};
}, 20, 'a playlist');

my ($session) = $multi =~ m{^(\w+)/v0\.m3u8\?token=\Q$token\E$}m;
my $list = "/live/a/$session/v0.m3u8";

my @live = wait_for(sub {
    my @uris = media($t->get("/hls$list?token=$token")->{body});
    return @uris > 3 ? \@uris : undef;
}, 20, 'segments')->@*;

$pub->stop;

# a playlist with parts is still that of the stream in memory

my $over = wait_for(sub {
    my $r = $t->get("/hls$list?token=$token");
    $r->{status} == 200 && $r->{body} =~ /ENDLIST/
        && $r->{body} !~ /^#EXT-X-PART:/m ? $r->{body} : undef;
}, 20, 'the end');

stored('when it is over');

# many viewers, one of each

my $mark = length slurp($t->path('uri.log'));
my @media = media($over);

for my $viewer (@viewers) {
    my $r = $t->get("/hls$list?token=$viewer", port => 'cache');

    is($r->{body}, $over, 'the same playlist') or last;
    get_media($_) for media($r->{body});
}

is($t->get("/hls$list", port => 'cache')->{status}, 403,
    'none without a token');

my %asked;
$asked{$_}++ for substr(slurp($t->path('uri.log')), $mark)
    =~ m{^200 (/hls/\S+\.(?:m4s|mp4)\S*)}mg;

is(join(' ', map { "$_ $asked{$_}" } sort keys %asked),
    join(' ', map { "/hls/live/a/$session/$_ 1" } sort @media),
    'and each of its media was asked for once');

# the key is in a file

$t->stop;
$t->start;

is($t->get("/hls$list?token=$token")->{body}, $over,
    'the same playlist after a restart');

stored('after a restart');

done_testing();

###############################################################################

sub stored {
    my ($when) = @_;

    my $r = $t->get("/hls$list?token=$token");
    my %uris = map { $_ => 1 } media($r->{body});

    is($r->{headers}{'cache-control'}, 'private, no-store',
        "$when: a playlist is for one viewer");
    is($t->get("/edge$list?token=$token")->{headers}{'cache-control'},
        'max-age=3600', "$when: or for a cache that checks tokens");
    is($t->get("/hls$list")->{status}, 403, "$when: none without a token");
    unlike($r->{body}, qr/token=/, "$when: it has no token");
    is(join(' ', grep { !$uris{$_} } @live), '', "$when: the same URLs");

    for my $uri (@live) {
        my $r = $t->get("/hls/live/a/$session/$uri");

        is($r->{status}, 200, "$when: $uri is open");
        is($r->{headers}{'cache-control'}, 'max-age=31536000, immutable',
            'for every cache');
    }

    (my $bare = $live[-1]) =~ s/\?.*//;
    is($t->get("/hls/live/a/$session/$bare")->{status}, 403,
        "$when: closed without its secret");

    my $open = $t->get("/hls/live/a/$session/$bare?token=$token");
    is($open->{status}, 200, "$when: open by the token");
    like($open->{headers}{'cache-control'}, qr/^private/, 'for one viewer');
}


# segments and init sections, but for gaps

sub media {
    my ($text) = @_;

    $text =~ s/^#EXT-X-GAP\n#EXTINF.*\n.*\n//mg;
    return $text =~ /(v0-(?:init-\w+\.mp4|\d+\.m4s)\?s=[\w-]+)/g;
}


sub get_media {
    my ($uri) = @_;

    my $r = $t->get("/hls/live/a/$session/$uri", port => 'cache');

    is($r->{status}, 200, "$uri from the cache") if $r->{status} != 200;
}
