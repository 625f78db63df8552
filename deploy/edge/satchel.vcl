# Varnish in front of Satchel's content host. docs/cdn.md explains it.
#
# A client's address is a question to the API: may it be used now? A yes names the object, and the request starts over
# with that name, by which the bytes are kept. Whatever this file does not know how to answer exactly as the content host
# would, it passes to the content host.
#
# edge.sh fills in what is between two @.
vcl 4.1;

import std;
import xkey;

# What clients would reach without this cache.
backend content {
    .host = "@CONTENT_HOST@";
    .port = "@CONTENT_PORT@";
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 60s;
}

# The API's private listener: questions and bytes.
backend edge {
    .host = "@EDGE_HOST@";
    .port = "@EDGE_PORT@";
    .first_byte_timeout = 30s; # a picture may have to be made
    .between_bytes_timeout = 10s;
}

sub vcl_recv {
    # Purges come by a listener of their own, with the secret.
    if (local.socket == "purge") {
        if (req.method != "PURGE" || req.http.Edge-Key != "@EDGE_KEY@") {
            return (synth(403, "Forbidden"));
        }
        if (req.http.Edge-Purge) {
            set req.http.Edge-Gone = xkey.purge(req.http.Edge-Purge);
            return (synth(200, "Purged"));
        }
        return (synth(400, "Edge-Purge names the keys"));
    }

    if (req.restarts == 0) {
        # What this file tells itself must not come from a client.
        unset req.http.Edge-Key;
        unset req.http.Edge-Method;
        unset req.http.Edge-Ask;
        unset req.http.Edge-Object;
        unset req.http.Edge-Tags;
        unset req.http.Edge-Pass;
        unset req.http.Edge-Hit;

        # Ranges that are several, malformed or too long Varnish refuses to carry. The content host reads them.
        if (req.http.Range
            && (req.http.Range !~ "^bytes=([0-9]{1,15}-|-[1-9][0-9]{0,14}|[0-9]{1,15}-[0-9]{1,15})$"
                || (req.http.Range ~ "^bytes=[0-9]+-[0-9]+$"
                    && std.integer(regsub(req.http.Range, "^bytes=([0-9]+)-.*$", "\1"), 0) > std.integer(regsub(req.http.Range, "^.*-([0-9]+)$", "\1"), 0)))) {
            set req.backend_hint = content;
            return (pipe);
        }

        # Conditions, pages of other origins and other paths are the content host's.
        if (req.url !~ "^/c/" || (req.method != "GET" && req.method != "HEAD")
            || req.http.If-None-Match || req.http.If-Match || req.http.If-Modified-Since || req.http.If-Unmodified-Since || req.http.If-Range
            || req.http.Origin) {
            set req.http.Edge-Pass = "1";
        } else {
            set req.http.Edge-Ask = "1";
            set req.http.Edge-Method = req.method;
            unset req.http.Cookie;
            unset req.http.Authorization;
            if (req.method == "HEAD") {
                unset req.http.Range; # a range is of GET alone
            }
        }
    }

    if (req.http.Edge-Pass) {
        set req.backend_hint = content;
        return (pass);
    }
    set req.backend_hint = edge;
    return (hash);
}

# What comes after a piped request on its connection would reach the content host unseen.
sub vcl_pipe {
    set bereq.http.Connection = "close";
    return (pipe);
}

sub vcl_hash {
    if (req.http.Edge-Object) {
        hash_data("object");
        hash_data(req.http.Edge-Object);
    } else {
        hash_data("question");
        hash_data(req.http.Edge-Method);
        hash_data(req.url);
        hash_data(req.http.Accept); # it chooses the format of a picture
    }
    return (lookup);
}

sub vcl_backend_fetch {
    unset bereq.http.Edge-Key;
    if (bereq.http.Edge-Object) {
        set bereq.url = "/bytes/" + bereq.http.Edge-Object;
        unset bereq.http.Accept-Encoding;
    }
    if (bereq.http.Edge-Ask) {
        set bereq.http.Edge-Key = "@EDGE_KEY@";
    }
}

sub vcl_backend_response {
    set beresp.grace = 0s; # nothing that can be revoked is given while it is asked for again
    set beresp.keep = 0s;
    unset beresp.http.Set-Cookie;

    if (bereq.http.Edge-Object) {
        if (beresp.status == 200) {
            set beresp.ttl = 24h; # it is given by a fresh yes alone
            set beresp.http.xkey = bereq.http.Edge-Tags;
        } else {
            set beresp.ttl = 0s;
            set beresp.uncacheable = true;
        }
    } elsif (bereq.http.Edge-Ask && beresp.status == 200 && beresp.http.Edge-Answer) {
        set beresp.ttl = std.duration(beresp.http.Edge-Keep, 0s);
        if (beresp.ttl > 1s) {
            set beresp.ttl = 1s;
        }
        set beresp.http.xkey = beresp.http.Edge-Tags;
        # The question is kept by what it varies with; Vary is the client's to know.
        std.collect(beresp.http.Vary);
        set beresp.http.Edge-Vary = beresp.http.Vary;
        unset beresp.http.Vary;
    } else {
        # A refusal is not kept. The second is for the mark that the next question need not wait for this one.
        set beresp.ttl = 1s;
        set beresp.uncacheable = true;
    }
    return (deliver);
}

sub vcl_deliver {
    if (req.http.Edge-Object) {
        if (resp.status != 200) { # the content host says what is wrong, or gives the bytes
            unset req.http.Edge-Object;
            unset req.http.Edge-Ask;
            set req.http.Edge-Pass = "1";
            return (restart);
        }
        set resp.http.Cache-Status = "satchel; fwd=miss";
        if (obj.hits > 0) {
            set resp.http.Cache-Status = "satchel; hit";
        }
        # What the content host says of these bytes.
        set resp.http.Content-Type = req.http.Edge-Type;
        set resp.http.Content-Disposition = req.http.Edge-Disposition;
        set resp.http.ETag = req.http.Edge-ETag;
        set resp.http.Cache-Control = req.http.Edge-Cache;
        set resp.http.Content-Security-Policy = req.http.Edge-CSP;
        set resp.http.Cross-Origin-Resource-Policy = req.http.Edge-CORP;
        set resp.http.Cross-Origin-Opener-Policy = req.http.Edge-COOP;
        set resp.http.Permissions-Policy = req.http.Edge-Permissions;
        set resp.http.X-Content-Type-Options = "nosniff";
        set resp.http.X-Frame-Options = "DENY";
        set resp.http.Referrer-Policy = "no-referrer";
        set resp.http.X-Robots-Tag = "noindex";
        set resp.http.Vary = req.http.Edge-Vary;
        set resp.http.X-Request-Id = req.http.Edge-Request;
        if (req.http.Edge-Modified) {
            set resp.http.Last-Modified = req.http.Edge-Modified;
        } else {
            unset resp.http.Last-Modified;
        }
        if (req.http.Edge-HSTS) {
            set resp.http.Strict-Transport-Security = req.http.Edge-HSTS;
        }
    } elsif (req.http.Edge-Ask && resp.http.Edge-Answer == "yes") {
        if (req.http.Range
            && (resp.http.Edge-Size == "0"
                || (req.http.Range ~ "^bytes=[0-9]"
                    && std.integer(regsub(req.http.Range, "^bytes=([0-9]+)-.*$", "\1"), 0) >= std.integer(resp.http.Edge-Size, 0)))) {
            unset req.http.Edge-Ask; # the content host refuses such a range
            set req.http.Edge-Pass = "1";
            return (restart);
        }
        set req.http.Edge-Object = resp.http.Edge-Object;
        set req.http.Edge-Tags = resp.http.Edge-Tags;
        set req.http.Edge-Type = resp.http.Content-Type;
        set req.http.Edge-Disposition = resp.http.Content-Disposition;
        set req.http.Edge-ETag = resp.http.ETag;
        set req.http.Edge-Cache = resp.http.Cache-Control;
        set req.http.Edge-CSP = resp.http.Content-Security-Policy;
        set req.http.Edge-CORP = resp.http.Cross-Origin-Resource-Policy;
        set req.http.Edge-COOP = resp.http.Cross-Origin-Opener-Policy;
        set req.http.Edge-Permissions = resp.http.Permissions-Policy;
        set req.http.Edge-Vary = resp.http.Edge-Vary;
        set req.http.Edge-Request = resp.http.X-Request-Id;
        unset req.http.Edge-Modified;
        unset req.http.Edge-HSTS;
        # Copied where they are there: a copy of none would be an empty header.
        if (resp.http.Last-Modified) {
            set req.http.Edge-Modified = resp.http.Last-Modified;
        }
        if (resp.http.Strict-Transport-Security) {
            set req.http.Edge-HSTS = resp.http.Strict-Transport-Security;
        }
        return (restart);
    } elsif (req.http.Edge-Ask && resp.http.Edge-Answer == "pass") {
        unset req.http.Edge-Ask;
        set req.http.Edge-Pass = "1";
        return (restart);
    } else {
        unset req.http.Range; # the content host has decided about it
        set resp.http.Cache-Status = "satchel; fwd=bypass";
    }
    unset resp.http.Age;
    unset resp.http.Via;
    unset resp.http.X-Varnish;
    unset resp.http.xkey;
    unset resp.http.Edge-Answer;
    unset resp.http.Edge-Object;
    unset resp.http.Edge-Size;
    unset resp.http.Edge-Tags;
    unset resp.http.Edge-Keep;
    unset resp.http.Edge-Vary;
    return (deliver);
}

# The API does not answer. To a question the content host answers in its place, which asks for the right itself.
sub vcl_backend_error {
    if (bereq.http.Edge-Ask && !bereq.http.Edge-Object) {
        set beresp.http.Edge-Answer = "pass";
    }
    set beresp.http.Content-Type = "application/problem+json";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "2";
    set beresp.status = 503;
    set beresp.body = """{"type":"about:blank","title":"Service Unavailable","status":503,"code":"edge_unavailable","detail":"The service does not answer right now. Try again in a few seconds."}""";
    return (deliver);
}

sub vcl_synth {
    set resp.http.Cache-Control = "no-store";
    if (req.http.Edge-Gone) {
        set resp.http.Edge-Gone = req.http.Edge-Gone;
    }
    set resp.body = "";
    return (deliver);
}
