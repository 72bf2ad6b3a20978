package io.modelassay.quantization;

import org.apiguardian.api.API;

/** How a method goes about it, beyond bits and groups. A record of the method's own. */
@API(status = API.Status.EXPERIMENTAL)
public interface MethodSettings {
    /** The name of the method whose settings these are. */
    String method();

    /** Of a method that has no settings beyond bits and groups. */
    @API(status = API.Status.EXPERIMENTAL)
    record None(String method) implements MethodSettings {}
}
