#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Keys of tokens: what nginx -t says about them, files of all kinds, kids,
# algorithms, issuers and audiences; keys that come, go and break while nginx
# runs; tokens that are remembered, and revocations after a reload.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live ngx_live_token_module
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl /);

my $t = Test::NginxLive->new(
    modules => [ qw/ ngx_live_module ngx_live_token_module
                     ngx_http_live_token_module / ],
    live => 'token_key %%DIR%%/keys;',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             add_header X-Status $live_token_status always;
             location = /g { live_token $arg_token; empty_gif; }
             location = /r { live_revoke; } }'
);

my $keys = Test::NginxLive::Token->new($t->dir, qw/ HS256 RS256 ES256 EdDSA /);
my $dir = $t->dir;

# nginx -t

my $app = 'application live { publish token; }';
my $test = Test::NginxLive->new(
    modules => [ qw/ ngx_live_module ngx_live_token_module / ]);

mkdir("$dir/empty");
mkdir("$dir/weak");
spit("$dir/short.secret", 'too short');
spit("$dir/long.secret", 'a secret of more than 32 characters' . "\n");
spit("$dir/text", 'what may this be, with some more characters');
spit("$dir/bad.json", '{"keys":[{"kty":"oct","k":"AAAA"}]}');
spit("$dir/dup.json", '{"kty":"oct","kty":"oct","k":"' . 'A' x 43 . '"}');
spit("$dir/bad.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n"
    . "-----END PUBLIC KEY-----\n");
spit("$dir/null", '');
spit("$dir/set.json", '{"keys":[{"kty":"oct","kid":"s1","k":"' . 'A' x 43
    . '"},{"kty":"unknown"}]}');
openssl(qw/ genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out /,
    "$dir/weak/a.key");
openssl('pkey', '-in', "$dir/weak/a.key", '-pubout', '-out',
    "$dir/weak/a.pem");
openssl(qw{ req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes
    -subj /CN=issuer -days 2 -keyout }, "$dir/cert.key", '-out',
    "$dir/cert.crt");

bad($app, qr/application "live" wants tokens but has no "token_key"/);
bad("application live { publish any; play token; }", qr/has no "token_key"/);
bad("token_key $dir/none; $app", qr/key "\S+none": cannot be found/);
bad("token_key $dir/empty; $app", qr/no key in any "token_key"/);
bad("token_key $dir/weak; $app", qr/unknown type or too weak/);
bad("token_key $dir/short.secret; $app", qr/shorter than 32 bytes/);
bad("token_key $dir/text; $app", qr/neither PEM nor JSON, nor called/);
bad("token_key $dir/bad.json; $app", qr/bad\.json": key is too short/);
bad("token_key $dir/dup.json; $app", qr/duplicate members/);
bad("token_key $dir/bad.pem; $app", qr/bad\.pem": invalid key/);
bad("token_key $dir/null; $app", qr/null": is empty/);
bad("token_key $dir/long.secret alg=RS256; $app", qr/no key for this alg/);
bad("token_key $dir/keys/RS256.pem alg=HS256; $app", qr/no key for this alg/);
bad("token_key $dir/long.secret alg=none; $app", qr/parameter "alg=none"/);
bad("token_key $dir/long.secret alg=; $app", qr/parameter "alg="/);
bad("token_key $dir/long.secret alg=HS256,; $app", qr/parameter "alg=HS256,"/);
bad("token_key $dir/long.secret kid=; $app", qr/parameter "kid="/);
bad("token_key $dir/long.secret x=1; $app", qr/parameter "x=1"/);
bad("token_key; $app", qr/invalid number of arguments/);
bad("token_key $dir/keys; token_cache 8k; $app", qr/at least 64k/);
bad("token_key $dir/keys; token_cache 1m; token_cache off; $app",
    qr/duplicate/);
bad("token_key $dir/keys; token_issuer a; token_issuer b; $app",
    qr/duplicate/);
bad("token_key $dir/keys; token_audience ''; $app", qr/empty name/);
bad("application live { token_cache off; publish any; }", qr/not allowed/);

good("token_key $dir/keys; $app");
good("token_key $dir/text alg=HS256; $app");
good("token_key $dir/set.json; token_key $dir/cert.crt kid=c; $app");
good("$app token_key $dir/long.secret;");
good("application live { publish token; token_key $dir/long.secret; }");
good("token_key $dir/long.secret; token_cache off; $app");
good('application live { publish any; }');

like(conf("token_key $dir/cert.key; $app")->{err},
    qr/\[warn\].*1 of the token keys are private/, 'a private key');

# each key by its name, the file's, and without

$t->start;

for my $alg (qw/ HS256 RS256 ES256 EdDSA /) {
    is(ask($keys->token($alg)), 'valid', $alg);
    is(ask($keys->token($alg, kid => undef)), 'valid', "$alg without kid");
    is(ask($keys->token($alg, kid => 'other')), 'no key for the token',
        "$alg with another kid");
}

is(ask($keys->token('RS256', alg => 'PS256')), 'valid',
    'RSA without "alg" is for both');
is(ask($keys->token('RS256', alg => 'HS256',
    key => $keys->verify_key('RS256'))), 'no key for the token',
    'a public key is no secret');

# why not

is(ask(''), 'none', 'none');
is(ask('a.b'), 'token has not three parts', 'parts');
is(ask('a' x 4097), 'token is too long', 'long');
is(ask($keys->token('HS256', exp => '-1h')), 'token expired', 'expired');
is(ask($keys->token('HS256', exp => '-5s')), 'valid', 'leeway');
is(ask($keys->token('HS256', nbf => '1h')), 'token not yet valid', 'nbf');
is(ask($keys->token('HS256', aud => 'x')), 'token for another audience',
    'audience');
is(ask($keys->token('HS256', claims => '{"live":{"role":"root"}}')),
    'bad claim "role"', 'role');
is(ask($keys->token('HS256', ip => '127.0.0.0/8')), 'valid', 'address');
is($t->get('/g?token=' . $keys->token('HS256', ip => '10.0.0.0/8'))->{status},
    403, 'another address');

# a key comes, is replaced, and goes, without a reload

changed(sub { $keys->add('ES256', 'new') }, 'a new key');

my $token = $keys->token('ES256', kid => 'new', key => $keys->sign_key('new'));

is(ask($token), 'valid', 'its token') for 1 .. 2;

my $old = $keys->token('ES256');
is(ask($old), 'valid', 'before its key is replaced');

changed(sub { $keys->add('ES256') }, 'a replaced key');

is(ask($old), q{token's signature does not match}, 'its token');
is(ask($keys->token('ES256')), 'valid', 'that of its successor');
is(ask($token), 'valid', 'that of another key');

changed(sub { unlink($keys->verify_key('new')) }, 'a key that is gone');

is(ask($token), 'no key for the token', 'its token');

# a broken one: told once by each worker, the former ones stay

my $mark = $t->log_mark;

spit("$dir/keys/broken", "-----BEGIN PUBLIC KEY-----\n");
rename("$dir/keys/broken", $keys->verify_key('EdDSA'));

my $broken = qr/\[error\].*EdDSA\.pem": invalid key, the former keys stay/;

wait_for(sub { (() = $t->log_since($mark) =~ /$broken/g) == 2 }, 20,
    'both workers to notice');
is(ask($keys->token('EdDSA')), 'valid', 'the former keys stay');

changed(sub { unlink($keys->verify_key('EdDSA')) }, 'the rest is whole');

is(ask($keys->token('EdDSA')), 'no key for the token', 'a key less');
is(scalar(() = $t->log_since($mark) =~ /$broken/g), 2, 'told once');

# all of them go

changed(sub { rename("$dir/keys", "$dir/away") && mkdir("$dir/keys") },
    'no keys at all', qr/no token keys are left: every token is refused/);
is(ask($keys->token('HS256')), 'no key for the token', 'no token');

# many tokens in little room; revocations outlive a reload

$keys->add('HS256');
$t->set(live => "token_key $dir/keys; token_key $dir/set.json;
    token_key $dir/cert.crt kid=c; token_cache 64k;
    token_issuer joe jim; token_audience here there;");
$t->reload;

my %who = (iss => 'jim', aud => 'there');

is(ask($keys->token('HS256', %who)), 'valid', 'issuer and audience');
is(ask($keys->token('HS256', %who, iss => 'jane')), 'token of another issuer',
    'another issuer');
is(ask($keys->token('HS256', iss => 'jim')), 'token for another audience',
    'no audience');
is(ask($keys->token('HS256', %who, aud => 'x')), 'token for another audience',
    'another audience');

spit("$dir/s1", "\0" x 32);
is(ask($keys->token('HS256', %who, kid => 's1', key => "$dir/s1")), 'valid',
    'a key of a set');
is(ask($keys->token('ES384', %who, kid => 'c', key => "$dir/cert.key")),
    'valid', 'a certificate');

my @many = map { $keys->token('HS256', %who, sub => "user $_" . 'x' x 240) }
    1 .. 70;
my $bad = grep { ask($_) ne 'valid' } @many, reverse @many;
is($bad, 0, 'more tokens than there is room for');

my $alice = $keys->token('HS256', %who, sub => 'alice');
is(ask($alice), 'valid', 'alice');
revoke('sub', 'alice');
is(ask($alice), 'token revoked', 'is revoked');
$t->reload;
is(ask($alice), 'token revoked', 'also after a reload');
revoke('sub', 'alice', '--undo');
is(ask($alice), 'valid', 'until it is taken back');

# without memory it is the same

$t->set(live => "token_key $dir/keys; token_cache off;");
$t->reload;

$alice = $keys->token('HS256', sub => 'alice', jti => 'a1');
is(ask($alice), 'valid', 'without a cache') for 1 .. 2;
revoke('jti', 'a1');
is(ask($alice), 'token revoked', 'revoked');

done_testing();

###############################################################################

sub conf {
    my ($live) = @_;
    $test->set(live => $live);
    return $test->test_conf();
}


sub good {
    my $res = conf($_[0]);
    is($res->{rc}, 0, $_[0] =~ s/\Q$dir\E/./gr) or diag($res->{err});
}


sub bad {
    my ($live, $re) = @_;
    my $res = conf($live);
    isnt($res->{rc}, 0, $live =~ s/\Q$dir\E/./gr);
    like($res->{err}, qr/\[emerg\].*$re/, 'says why');
}


sub ask { $t->get("/g?token=$_[0]")->{headers}{'x-status'} }


# Changes files and waits until both workers have read them.

sub changed {
    my ($change, $name, $re) = @_;
    my $mark = $t->log_mark;

    $re //= qr/token keys were read again/;
    $change->() or die "$name: $!\n";

    ok(wait_for(sub { (() = $t->log_since($mark) =~ /$re/g) == 2 }, 20,
        "$name: both workers"), $name);
}


sub revoke {
    my ($what, $value, @options) = @_;
    Test::NginxLive::Token::tool('revoke', $t->url('/r'), $what, $value,
        qw/ --for 1h /, @options);
}


sub openssl {
    my $res = run_command(cmd => [ 'openssl', @_ ]);
    die $res->{err} if $res->{rc};
}
