package io.modelassay.compatibility;

import io.modelassay.adapter.BaseModule;
import io.modelassay.adapter.BaseModules;
import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantization.StoredQuantization;
import java.util.List;
import java.util.Optional;

/**
 * A base whose modules bitsandbytes keeps in 4 bits, and what its versions do when PEFT loads an adapter's tensors into it:
 * those of {@link #BROKEN} require base weights, which adapter files lack.
 *
 * @param module the first of the modules, in the order in which they are loaded
 */
record BitsAndBytesBase(String module) {
    private static final List<LibraryVersion> BROKEN =
            List.of(LibraryVersion.of("0.41.2"), LibraryVersion.of("0.41.2.post1"));

    /** Since when PEFT puts the weight of such a module that it adapts below {@code base_layer}. */
    private static final LibraryVersion BASE_LAYER = LibraryVersion.of("0.6.0");

    static Optional<BitsAndBytesBase> of(Checkpoint base, BaseModules modules) {
        StoredQuantization stored = StoredQuantization.of(base, Architectures.find(base));
        return modules.all().stream()
                .map(BaseModule::name)
                .filter(name -> stored.find(name + ".weight")
                        .filter(weight -> weight.format().scheme().equals("bitsandbytes")
                                && weight.format().bits() == 4)
                        .isPresent())
                .findFirst()
                .map(BitsAndBytesBase::new);
    }

    /** @throws Refusal if {@code version} of bitsandbytes raises when {@code peft} loads into the modules of {@code adapted} */
    void load(LibraryVersion version, LibraryVersion peft, List<String> adapted) {
        if (!BROKEN.contains(version)) {
            return;
        }
        boolean below = peft.isAtLeast(BASE_LAYER) && adapted.contains(module);
        throw new Refusal(
                "bitsandbytes-key-error",
                "KeyError",
                "'" + WrappedModel.PREFIX + module + (below ? ".base_layer" : "") + ".weight'",
                "bitsandbytes " + version
                        + " takes the weight of each 4-bit module from whatever is loaded, and no adapter"
                        + " holds weights of the base; nothing is wrong with this one",
                "bitsandbytes 0.41.3 or later, or 0.41.1");
    }
}
