package io.modelassay.quantization;

import org.apiguardian.api.API;

/** The type in which a format's own library computes weights, for a model that is loaded in a type of the user's choice. */
@API(status = API.Status.INTERNAL)
public enum DecodeType {
    /** The type that the file asks for. The library rounds the finished weight to the model's type. */
    STORED,
    /** The model's type. The library casts scales to it first, so a model in float32 gets weights that nothing rounded. */
    MODEL,
    /** float32. The library rounds each product once, to the model's type. */
    FLOAT32
}
