package io.modelassay.compatibility;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.apiguardian.api.API;

/** A Python library whose verdict on an artifact can be asked for, or that another's verdict depends on. */
@API(status = API.Status.EXPERIMENTAL)
public enum Library {
    /** Adapters, {@code PeftModel.from_pretrained}. */
    PEFT,
    /** The base model's library: PEFT reads some adapters otherwise on version 5 than on 4. */
    TRANSFORMERS,
    /** The library of a base that is stored in its 4 bits: two versions ask an adapter for weights of the base. */
    BITSANDBYTES;

    /** The name of the package, such as {@code peft}. */
    public String packageName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The library of a package. */
    public static Optional<Library> of(String packageName) {
        return Arrays.stream(values())
                .filter(library -> library.packageName().equals(packageName.toLowerCase(Locale.ROOT)))
                .findFirst();
    }
}
