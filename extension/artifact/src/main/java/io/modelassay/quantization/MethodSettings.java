package io.modelassay.quantization;

import org.apiguardian.api.API;

/** How a method goes about it, beyond bits and groups. */
@API(status = API.Status.EXPERIMENTAL)
public sealed interface MethodSettings permits GptqSettings, AwqSettings {
    /** The method whose settings these are. */
    Method method();
}
