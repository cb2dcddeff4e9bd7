package Test::NginxLive::Token;

# Copyright (C) nginx-live authors

# Tokens for tests, made with util/live-token and keys of openssl.
#
#     my $keys = Test::NginxLive::Token->new($t->dir);
#     my $token = $keys->token('ES256', sub => 'alice', stream => 'live/*');
#
# The keys that nginx verifies with are in $keys->dir, one file for each
# algorithm, whose name is the kid.

use warnings;
use strict;

use File::Basename ();
use MIME::Base64 qw/ encode_base64url decode_base64url /;

use Test::NginxLive qw/ run_command slurp spit /;

our @ALGS = qw/ HS256 HS384 HS512 RS256 PS256 ES256 ES384 EdDSA /;

my $TOOL = "$Test::NginxLive::TOP/util/live-token";


sub new {
    my ($class, $dir, @algs) = @_;

    my $self = bless { dir => "$dir/keys", sign => "$dir/sign" }, $class;

    mkdir($_) || die "$_: $!\n" for $self->{dir}, $self->{sign};
    chmod(0755, $self->{dir});

    $self->add($_) for @algs ? @algs : @ALGS;

    return $self;
}


sub dir { $_[0]{dir} }


# Makes a key; kid is the algorithm unless it is said.

sub add {
    my ($self, $alg, $kid) = @_;

    $kid //= $alg;

    my $key = $self->sign_key($kid);
    tool('key', $alg, $key);

    my $verify = $self->verify_key($kid);
    my $pub = -f "$key.pub" ? "$key.pub" : $key;

    spit("$verify.new", slurp($pub));
    chmod(0644, "$verify.new");
    rename("$verify.new", $verify) or die "$verify: $!\n";

    return $verify;
}


sub sign_key { "$_[0]{sign}/$_[1]" }

sub verify_key {
    my ($self, $kid) = @_;

    return "$self->{dir}/$kid." . (-f "$self->{sign}/$kid.pub" ? 'pem'
                                                                : 'secret');
}


# A token; options as those of util/live-token, "_" for "-"; kid => undef
# leaves it out.

sub token {
    my ($self, $kid, %opt) = @_;

    my $key = delete $opt{key} // $self->sign_key($kid);

    $opt{kid} = $kid unless exists $opt{kid};
    $opt{alg} = $kid =~ /^(\w+)/ && $1 unless exists $opt{alg};

    my @args;

    for my $name (sort keys %opt) {
        (my $option = "--$name") =~ s/_/-/g;

        for my $value (ref $opt{$name} ? @{$opt{$name}} : $opt{$name}) {
            next if !defined $value;
            push @args, $name eq 'age_verified' ? $option
                                                : "$option=$value";
        }
    }

    my $token = tool('make', $key, @args);
    chomp($token);

    return $token;
}


# the parts of a token, decoded, and back

sub split_token {
    my ($header, $claims, $signature) = split(/\./, $_[0]);
    return (map({ decode_base64url($_) } $header, $claims), $signature);
}


sub join_token {
    my ($header, $claims, $signature) = @_;
    return join('.', map({ encode_base64url($_) } $header, $claims),
        $signature);
}


sub tool {
    my @cmd = ($TOOL, @_);

    open(my $p, '-|', @cmd) or die "$TOOL: $!\n";
    local $/;
    my $out = <$p>;
    close($p) or die "@cmd: failed\n";

    return $out;
}


1;
