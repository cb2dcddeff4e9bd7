#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Tokens in logs: neither in the error log's lines about a request that is
# refused, passed on or redirected, nor in $live_request.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_flv live_hls ngx_live_token_module
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl /);

my $t = Test::NginxLive->new(
    live => 'zone live 32m;
             token_key %%DIR%%/keys;
             hls on; hls_path %%DIR%%/hls;
             application live { publish any; play token; }',
    http => 'log_format masked "$status $live_request";
             access_log %%DIR%%/masked.log masked;
             limit_req_zone $server_port zone=one:1m rate=1r/m;
             server { listen 127.0.0.1:%%PORT_http%%;
             error_page 418 = /gone;
             location /flv/ { live_flv; }
             location /hls/ { live_hls; }
             location /off/ { live_token off; live_hls; }
             location /guarded/ { live_token $cookie_c $arg_key;
                                  proxy_pass http://127.0.0.1:1; }
             location /braces { live_token "${arg_a}${arg_B}" $http_x;
                                alias %%DIR%%/none; }
             location /limited { live_token $arg_key; empty_gif;
                                 limit_req zone=one; }
             location /moved { live_token $arg_key; return 418; }
             location /gone { proxy_pass http://127.0.0.1:1; }
             location /sub { auth_request /ask; alias %%DIR%%/none; }
             location /ask { live_token $arg_key;
                             proxy_pass http://127.0.0.1:1; }
             location /plain { alias %%DIR%%/none; } }
             server { listen 127.0.0.1:%%PORT_server%%;
                      live_token $arg_key; client_max_body_size 1;
                      location / { empty_gif; } }'
);

my $keys = Test::NginxLive::Token->new($t->dir, 'HS256');

$t->start;

my $good = $keys->token('HS256', stream => 'live/*');
my $bad = $keys->token('HS256', stream => 'live/*', exp => '-1h');

# each of them leaves a line: what it is about, and how it is shown

my @cases = (
    [ "/flv/live/a.flv?token=$bad", qr/token expired/,
      '/flv/live/a.flv?token=***' ],
    [ "/flv/live/a.flv?x=1&token=$bad&y=2", qr/token expired/,
      '/flv/live/a.flv?x=1&token=***&y=2' ],
    [ "/hls/~$bad/live/a/index.m3u8", qr/token expired/,
      '/hls/~***/live/a/index.m3u8' ],
    [ "/hls/%7E$bad/live/a/index.m3u8", qr/token expired/,
      '/hls/%7E***/live/a/index.m3u8' ],
    [ "/off/~$good/live/a/index.m3u8", qr/no token/,
      '/off/~***/live/a/index.m3u8' ],
    [ "/hls/~$good/live/.a/", qr/bad stream name/, '/hls/~***/live/.a/' ],
    [ "/guarded/?key=$bad", qr/access forbidden by token/,
      '/guarded/?key=***' ],
    [ "/guarded/?KEY=$good&x=1", qr{connect\(\).*upstream:
      \ "http://127\.0\.0\.1:1/guarded/\?KEY=\*\*\*&x=1"}x,
      '/guarded/?KEY=***&x=1' ],
    [ "/braces?a=$bad&b=$bad", qr/access forbidden by token/,
      '/braces?a=***&b=***' ],
    [ "/braces?b=$good", qr/open\(\) "\S+none" failed/, '/braces?b=***' ],
    [ "/limited?key=$good", undef, '/limited?key=***' ],
    [ "/limited?key=$good", qr/\[error\].*limiting requests/,
      '/limited?key=***' ],
    [ "/moved?key=$good", qr/connect\(\) failed/, '/moved?key=***' ],
    [ "/sub?key=$good", qr/connect\(\).*subrequest: "\/ask"/,
      '/sub?key=***' ]
);

for my $case (@cases) {
    my ($uri, $reason, $shown) = @$case;
    my $mark = $t->log_mark;

    $t->get($uri, headers => {
        Referer => "http://localhost/page?token=$good&z"
    });

    next if !$reason;

    my $line = $t->wait_log($reason, 5, $mark);

    ($line) = grep { $_ =~ $reason } split(/\n/, $t->log_since($mark));
    like($line, qr{request: "GET \Q$shown\E HTTP/1\.1"}, $shown);
    like($line, qr{referrer: "http://localhost/page\?token=\*\*\*&z"},
        'and the page');
}

# too early for a location, not for a server

my $mark = $t->log_mark;
my $c = $t->client('server');
$c->request("/?key=$good", method => 'POST', body => 'too long')->response;
$t->wait_log(qr/too large body.*request: "POST \/\?key=\*\*\* /, 5, $mark);
pass('a server that reads tokens');

# requests are shown as they are where there are no tokens

for my $uri ('/plain?token=abcdef', '/plain/~abcdef/?key=ghi') {
    $mark = $t->log_mark;
    $t->get($uri);

    $t->get('/flv/live/last.flv');
    $t->wait_log(qr/last\.flv/, 5, $mark);

    like($t->log_since($mark), qr{request: "GET \Q$uri\E HTTP/1\.1"}, $uri);
}

# all of them are there by now

my $log = $t->log_text;
my ($signature) = $good =~ /([^.]+)$/;

unlike($log, qr/\Q$_\E/, 'in no line') for $good, $bad, $signature;

wait_for(sub { slurp($t->path('masked.log')) =~ /last\.flv/ }, 5,
    'the access log');
$log = slurp($t->path('masked.log'));

unlike($log, qr/\Q$_\E/, 'nor in $live_request') for $good, $bad, $signature;
like($log, qr{^\d+ GET \Q$_->[2]\E HTTP/1\.1$}m, "$_->[2]") for @cases;
like($log, qr{^\d+ GET /plain\?token=\*\*\* HTTP/1\.1$}m,
    'in any location');

done_testing();
