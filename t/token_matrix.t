#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Who gets in: every door against good, expired, not yet valid, tampered,
# revoked and absent tokens, those of other streams, roles and algorithms; keys
# of each algorithm.  Why somebody is refused is in the log, and nowhere else.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;
use Test::NginxLive::Token;
use Test::NginxLive::WebSocket;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls http_live_chat
    ngx_live_token_module ngx_http_live_token_module
    ngx_stream_live_token_module /);
Test::NginxLive->need_program(qw/ ffmpeg openssl /);

# with this target duration a part is there for as long as the test

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             token_key %%DIR%%/keys;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 20s; hls_part 500ms; hls_window 5m;
             application live { publish token; play token; }
             application open { publish any; play token; }
             application secret { publish any; play token; hls_secret on; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /chat/ { live_chat; }
             location /flv/ { live_flv; }
             location /hls/ { live_hls; }
             location /guarded { live_token $arg_token $cookie_t
                                            $http_authorization;
                                 add_header X-Sub $live_token_sub;
                                 add_header X-Role $live_role;
                                 try_files /none =204; }
             location /files/ { live_token $arg_token; alias %%DIR%%/files/; }
             location /off/ { live_token off; live_hls; }
             location /revoke { live_revoke; }
             location /status { live_status; } }'
);

my $keys = Test::NginxLive::Token->new($t->dir);

mkdir($t->path('files'));
spit($t->path('files/a.txt'), 'secret text');

$t->start;

# each algorithm opens

for my $alg (@Test::NginxLive::Token::ALGS) {
    my $token = $keys->token($alg, sub => 'alice', stream => 'live/*');

    is(guarded($token), '204 alice viewer', "$alg");
    is(guarded($keys->token($alg, sub => 'bob', kid => undef)), '204 bob viewer',
        "$alg without kid");
    is(status("/guarded?token=" . wrong_signature($token)), 403,
        "$alg: another signature");
    is(status("/guarded?token=" . wrong_claims($token)), 403,
        "$alg: other claims");
}

# where a token is read from, and by whom

my $good = $keys->token('ES256', sub => 'alice', jti => 'j1',
                        stream => 'open/*', role => 'viewer');

is($t->get('/guarded')->{status}, 401, 'without a token');
is($t->get('/guarded')->{headers}{'www-authenticate'}, 'Bearer',
    'told what is wanted');
is(header("Bearer $good"), 204, 'in a header');
is(header("bearer $good"), 204, 'in any case');
is(header("Basic $good"), 401, 'of that scheme');
is($t->get('/guarded', headers => { Cookie => "t=$good" })->{status}, 204,
    'in a cookie');
is(status("/files/a.txt?token=$good"), 200, 'a file');
is(status('/files/a.txt'), 401, 'not without');

# the doors

my $open = publish($t->rtmp('open/a'), gop => 30);
my $creator = $keys->token('HS256', sub => 'carol', role => 'creator',
                           stream => 'live/carol');
my $pub = publish($t->rtmp("live/carol?token=$creator"), gop => 30);

my @uris = hls_uris('/hls/open/a', $good);

is(scalar(@uris), 4, 'multivariant and media playlist, segment, part');

my %doors = (
    'RTMP play' => sub { rtmp('play', 'open', 'a', @_) },
    'FLV' => sub { flv_or_hls('/flv/open/a.flv', @_) },
    'chat' => sub { chat(@_) },
    'chat by polling' => sub { flv_or_hls('/chat/open/a', @_) },
    map({ my $uri = $_; ($uri =~ m{^.*/(\S+?)$} && "HLS $1" =>
        sub { flv_or_hls($uri, @_) }) } @uris)
);

my $later = $keys->token('ES256', sub => 'alice', stream => 'open/*',
                         jti => 'j2');
my $other = $keys->token('ES256', sub => 'mallory', stream => 'open/*');

revoke("jti=j2");
revoke("sub=mallory");

my %bad = (
    absent => '',
    empty => 'token=',
    'not a token' => 'token=abc',
    expired => 'token=' . $keys->token('ES256', stream => 'open/*',
                                       exp => '-1h'),
    'not yet valid' => 'token=' . $keys->token('ES256', stream => 'open/*',
                                               nbf => '1h'),
    'other stream' => 'token=' . $keys->token('ES256', stream => 'open/b'),
    'other application' => 'token='
                           . $keys->token('ES256', stream => 'live/*'),
    'other key' => 'token=' . $keys->token('ES256', stream => 'open/*',
                                    key => $keys->sign_key('EdDSA'),
                                    alg => 'EdDSA'),
    'algorithm none' => 'token=' . none($good),
    'public key as secret' => 'token=' . $keys->token('RS256',
        stream => 'open/*', alg => 'HS256',
        key => $keys->verify_key('RS256')),
    'tampered claims' => 'token=' . wrong_claims($good),
    'tampered signature' => 'token=' . wrong_signature($good),
    'no signature' => 'token=' . ($good =~ s/[^.]+$//r),
    'revoked' => "token=$later",
    'of one who is revoked' => "token=$other",
    'other country' => 'token=' . $keys->token('ES256', stream => 'open/*',
                                               country => 'AQ'),
    'other address' => 'token=' . $keys->token('ES256', stream => 'open/*',
                                               ip => '10.0.0.0/8')
);

for my $door (sort keys %doors) {
    is($doors{$door}->("token=$good"), 'allowed', "$door: good");

    for my $bad (sort keys %bad) {
        my $mark = $t->log_mark;

        is($doors{$door}->($bad{$bad}), 'refused', "$door: $bad");

        my ($line) = grep { /(?:play|chat) of "open\/a" refused|refused play/i }
            split(/\n/, $t->log_since($mark));
        like($line // '', qr/\[info\].*token|\[info\].*refused: \S/,
            "$door: $bad: why");
    }
}

# the token in the path

is(status("/hls/~$good/open/a/index.m3u8"), 200, 'HLS: token in the path');
is(status("/hls/~$bad{expired}/open/a/index.m3u8" =~ s/token=//r), 403,
    'an expired one');
is(status("/off/open/a/index.m3u8?token=$good"), 403,
    'nothing is read where it is off');

# who may publish

is(rtmp('publish', 'live', 'x', "token=$good"), 'refused',
    'a viewer does not publish');
is(rtmp('publish', 'live', 'other', "token=$creator"), 'refused',
    'nor a creator another stream');
is(rtmp('publish', 'live', 'x'), 'refused', 'nor anybody');

for my $role (qw/ creator publisher admin /) {
    my $token = $keys->token('HS256', role => $role, stream => "live/$role");
    is(rtmp('publish', 'live', $role, "token=$token"), 'allowed',
        "$role publishes");
}

for my $role (qw/ viewer guest moderator server /) {
    my $token = $keys->token('HS256', role => $role, stream => "live/$role");
    is(rtmp('publish', 'live', $role, "token=$token"), 'refused',
        "$role does not");
}

# what is for one viewer is not for caches

for my $uri (@uris) {
    like($t->get("$uri?token=$good")->{headers}{'cache-control'},
        $uri =~ /m3u8/ ? qr/^private, no-store$/ : qr/^private, max-age/,
        "private: $uri");
}

# media by secrets

my $spub = publish($t->rtmp('secret/a'), gop => 30);
my $viewer = $keys->token('ES256', sub => 'dan', stream => 'secret/*');
my @secret = hls_uris('/hls/secret/a', $viewer);

like($secret[2], qr/\?s=/, 'a secret');
my $r = $t->get($secret[2]);
is($r->{status}, 200, 'opens without a token');
is($r->{headers}{'cache-control'}, 'max-age=31536000, immutable',
    'and is for all caches');

# running sessions end with what they run by

my $rtmp = client();
my $dan = $keys->token('ES256', sub => 'dan', stream => 'open/*');
$rtmp->play('open', "a?token=$dan");
$rtmp->wait_message(sub { $_[0]{type} == 9 });
my $flv = $t->client;
is($flv->request("/flv/open/a.flv?token=$dan")->response(stream => 1)
   ->{status}, 200, 'FLV runs');

revoke('sub=dan');

ok($rtmp->closed(5), 'RTMP is closed');
ok($flv->closed(5), 'and FLV');
is(status("$secret[1]?token=$viewer"), 403, 'and no playlist any more');

revoke('sub=dan', '--undo');
is(status("$secret[1]?token=$viewer"), 200, 'until it is taken back');

# counters

my $tokens = $t->json('/status')->{tokens};

cmp_ok($tokens->{$_}, '>', 10, "$_ tokens are counted")
    for qw/ verified refused /;
is($tokens->{revoked}, 2, 'what is revoked');
cmp_ok($tokens->{cache}{hits} + $tokens->{cache}{misses}, '>=',
    $tokens->{verified}, 'hits and misses are all');
cmp_ok($tokens->{cache}{$_}, '>', 10, "$_ of the cache")
    for qw/ entries hits misses /;
is($tokens->{cache}{evicted}, 0, 'there is room for all');

is(status('/guarded?token=' . $keys->token('ES256', sub => 'erin')), 204,
    'one that is new');

my $one = $t->json('/status')->{tokens};

is($one->{verified}, $tokens->{verified} + 1, 'is verified once');
is($one->{refused}, $tokens->{refused}, 'and not refused');
is($one->{cache}{misses}, $tokens->{cache}{misses} + 1, 'is missed once');
is($one->{cache}{entries}, $tokens->{cache}{entries} + 1, 'is remembered');

# nothing of it is told, and no token is in the error log

for my $uri ('/guarded?token=abc', '/hls/open/a/index.m3u8?token=abc') {
    unlike($t->get($uri)->{body}, qr/token|signature|expired/i,
        "$uri: no reason");
}

unlike($t->log_text, qr/\Q$good\E/, 'no token in the error log');

$_->stop for $open, $pub, $spub;

done_testing();

###############################################################################

sub client { Test::NginxLive::RTMP->new(port => $t->port('rtmp')) }

sub status { $t->get($_[0])->{status} }

sub header {
    return $t->get('/guarded', headers => { Authorization => $_[0] })
        ->{status};
}


sub guarded {
    my $r = $t->get("/guarded?token=$_[0]");
    return join(' ', $r->{status}, grep { defined }
        @{$r->{headers}}{qw/ x-sub x-role /});
}


sub revoke {
    my ($what, @options) = @_;

    Test::NginxLive::Token::tool('revoke', $t->url('/revoke'),
        split(/=/, $what), qw/ --for 1h /, @options);
}


sub flv_or_hls {
    my ($uri, $args) = @_;

    my $c = $t->client;
    my $r = $c->request($uri . (length $args // '' ? "?$args" : ''))
        ->response(stream => 1);
    $c->close;

    return $r->{status} == 200 ? 'allowed' : $r->{status} == 403 ? 'refused'
        : $r->{status};
}


sub chat {
    my ($args) = @_;

    my $ws = Test::NginxLive::WebSocket->new(port => $t->port('http'),
        path => '/chat/open/a' . (length $args // '' ? "?$args" : ''));

    return $ws->{status} == 101 ? 'allowed'
        : $ws->{status} == 403 ? 'refused' : $ws->{status};
}


sub rtmp {
    my ($action, $app, $name, $args) = @_;

    my $c = client();
    $c->handshake;
    $c->connect_app($app);
    $c->command($c->create_stream, $action, 0, undef,
        $name . (length($args // '') ? "?$args" : ''));
    my $code = $c->status->{code};
    $c->close;

    return $code =~ /Start|Reset/ ? 'allowed'
        : $code =~ /Denied|Failed/ ? 'refused' : $code;
}


# the URIs of the multivariant and a media playlist, a segment and a part,
# without arguments but those that are theirs

sub hls_uris {
    my ($base, $token) = @_;

    my $index = wait_for(sub {
        my $r = $t->get("$base/index.m3u8?token=$token");
        $r->{status} == 200 ? $r->{body} : undef;
    }, 20, 'the multivariant playlist');

    my ($session) = $index =~ m{^(\w+)/v0\.m3u8}m;

    my $list = wait_for(sub {
        my $r = $t->get("$base/$session/v0.m3u8?token=$token");
        $r->{body} =~ /^v0-\d+\.m4s/m ? $r->{body} : undef;
    }, 20, 'a segment');

    my ($segment) = $list =~ /^(v0-\d+\.m4s\S*)/m;
    my ($part) = $list =~ /URI="(v0-\d+\.\d+\.m4s[^"]*)"/;

    s/\?token=\Q$token\E$// for $segment, $part;

    return ("$base/index.m3u8", map { "$base/$session/$_" } 'v0.m3u8',
            $segment, $part);
}


sub wrong_signature {
    my ($head, $signature) = $_[0] =~ /^(.*\.)(.*)$/;

    my $c = substr($signature, 5, 1);
    substr($signature, 5, 1) = $c eq 'A' ? 'B' : 'A';

    return $head . $signature;
}


sub wrong_claims {
    my ($h, $c, $s) = Test::NginxLive::Token::split_token($_[0]);
    $c =~ s/"sub":"(.)/"sub":"x/ or $c =~ s/"iat":1/"iat":2/;
    return Test::NginxLive::Token::join_token($h, $c, $s);
}


sub none {
    my (undef, $c) = Test::NginxLive::Token::split_token($_[0]);
    return Test::NginxLive::Token::join_token('{"alg":"none"}', $c, '');
}
