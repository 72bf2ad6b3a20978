package io.modelassay.adapter;

import java.util.List;
import java.util.Optional;

/** Every method that is known. */
final class PeftMethods {
    private static final List<PeftMethod> ALL = List.of(
            new LoraMethod(),
            new AdaLoraMethod(),
            new Ia3Method(),
            new VeraMethod(),
            new LohaMethod(),
            new LokrMethod(),
            new OftMethod(),
            new BoftMethod(),
            new TrainableTokensMethod());

    private PeftMethods() {}

    static Optional<PeftMethod> of(AdapterConfig config) {
        return ALL.stream()
                .filter(method -> method.types().contains(config.peftType()))
                .findFirst();
    }

    static PeftMethod require(AdapterConfig config) {
        return of(config)
                .orElseThrow(() -> new AdapterException(
                        AdapterProblem.UNSUPPORTED_PEFT_TYPE,
                        "peft_type \"" + config.peftType() + "\" is not known here, so there is no telling its keys",
                        config.json().file(),
                        "an adapter of another method; known are "
                                + String.join(
                                        ", ",
                                        ALL.stream()
                                                .flatMap(method -> method.types().stream())
                                                .sorted()
                                                .toList())));
    }
}
