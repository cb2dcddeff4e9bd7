#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Chromium plays with a token: in the path, in the query, and with secrets of
# segments through conf/edge-token.conf, a second nginx as a cache: viewers with
# tokens of their own share the segments, and the one whose token is revoked is
# stopped.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Browser;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls
    ngx_http_live_token_module /);
Test::NginxLive::Browser->need();

my $t = Test::NginxLive->new(
    live => 'zone live 128m;
             token_key %%DIR%%/keys;
             application live {
                 publish any; play token; reconnect 3s;
                 hls on; hls_path %%DIR%%/hls;
             }
             application secret {
                 publish any; play token; reconnect 3s;
                 hls on; hls_path %%DIR%%/hls; hls_secret on;
             }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'log_format uri "$status $request_uri";
             access_log %%DIR%%/uri.log uri;
             server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /revoke { live_revoke; }
             location /status { live_status; } }'
);

my $keys = Test::NginxLive::Token->new($t->dir, 'ES256');

$t->start;

my $edge = Test::NginxLive->new();
my $conf = slurp(Test::NginxLive->top() . '/conf/edge-token.conf');
my $origin = $t->port('http');

$conf =~ s/listen\s+8091/listen %%PORT_http%%/;
$conf =~ s/127\.0\.0\.1:8080/127.0.0.1:$origin/;
$conf =~ s{logs/edge-token-error\.log warn}{%%DIR%%/error.log info};
$conf =~ s{edge-token\.pid}{%%DIR%%/nginx.pid};

mkdir($edge->path($_)) for qw/ logs temp /;
$edge->set(conf => $conf)->start;

my @pub = map { publish($t->rtmp($_), gop => 30) } qw{ live/a secret/a };
my ($alice, $bob) = map {
    $keys->token('ES256', sub => $_, stream => [ 'live/*', 'secret/*' ],
                 max_sessions => 9)
} qw/ alice bob /;

for my $app (qw/ live secret /) {
    wait_for(sub {
        $t->get("/hls/$app/a/index.m3u8?token=$alice")->{status} == 200
    }, 20, "playlist of $app");
}

# in the path, in the query

for my $uri ("/hls/~$alice/live/a/index.m3u8",
             "/hls/live/a/index.m3u8?token=$alice")
{
    my $name = $uri =~ /~/ ? 'path' : 'query';
    my $mark = length slurp($t->path('uri.log'));
    my $r = browse($t->url($uri), seconds => 5);

    is($r->{error}, undef, "$name: played");
    is_deeply($r->{log}{failed}, [], "$name: no request failed");

    my @uris = grep { m{/live/a/} }
        split(/\n/, substr(slurp($t->path('uri.log')), $mark));

    cmp_ok(scalar(grep { /m4s/ } @uris), '>', 10, "$name: media");
    is(scalar(grep { !/\Q$alice\E/ } @uris), 0,
        "$name: the token goes from playlist to playlist and to media");

    my %sids = map { $_ => 1 } map { /[?&]sid=([\w-]+)/ } @uris;

    is(keys %sids, 1, "$name: one session");
    is(scalar(grep { !/index|m4s|mp4/ && !/sid=/ } @uris), 0,
        "$name: of all media playlists");
    is(scalar(grep { /m4s|mp4/ && /sid=/ } @uris), 0, "$name: and not of media");
}

# two viewers behind a cache

my $url = '/hls/secret/a/index.m3u8?token=';
my $mark = length slurp($t->path('uri.log'));

is($edge->get($url . 'x')->{status}, 403, 'a bad token behind the cache');

my ($first, $second) = map {
    Test::NginxLive::Browser->new($edge->url($url . $_), seconds => 0)
} $alice, $bob;

$_->event('started') for $first, $second;

my $shown = 'document.querySelector("video").currentTime';
my $at = $first->eval($shown);

$_->wait_until("$shown > " . ($_->eval($shown) + 4), 30) for $first, $second;

my @asked = slurp($edge->path('logs/edge-token.log')) =~ /m4s/g;
my %once = map { $_ => 1 } substr(slurp($t->path('uri.log')), $mark)
    =~ m{^200 (/hls/secret/a/\S+m4s\S*)}mg;

cmp_ok(scalar(@asked), '>', 1.4 * keys %once, 'media are for both');

my %sids = map { $_ => 1 } substr(slurp($t->path('uri.log')), $mark)
    =~ m{^200 /hls/secret/a/\w+/v0\.m3u8\S*[?&]sid=([\w-]+)}mg;

is(keys %sids, 2, 'but not their sessions');

# revoked: no playlist, and no segment that came later

Test::NginxLive::Token::tool('revoke', $t->url('/revoke'), 'sub', 'bob');

my $refused = qr{^403 /hls/secret/a/\w+/\w+\.m3u8\S*\Q$bob\E}m;

wait_for(sub { slurp($t->path('uri.log')) =~ $refused }, 20,
    'the refusal of a playlist');

my $stop = $second->eval($shown);

$first->wait_until("$shown > " . ($first->eval($shown) + 12), 60);

cmp_ok($second->eval($shown), '<', $stop + 9,
    'who is revoked sees no more than is buffered');

my @reports = map { $_->finish } $first, $second;

is_deeply($reports[0]{log}{failed}, [], 'the other has no trouble');

my @uris = map { [ split(/ /) ] } grep { m{/secret/a/} }
    split(/\n/, substr(slurp($t->path('uri.log')), $mark));
my %media;
$media{$_->[1]}++ for grep { $_->[0] == 200 && $_->[1] =~ /m4s|mp4/ } @uris;

cmp_ok(scalar(keys %media), '>', 20, 'media of two viewers');
is(join(' ', grep { $media{$_} > 1 } sort keys %media), '',
    'were asked for once');
is(scalar(grep { /token/ } keys %media), 0, 'without a token');

$_->stop for @pub;

done_testing();
