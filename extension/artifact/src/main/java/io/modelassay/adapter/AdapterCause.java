package io.modelassay.adapter;

import org.apiguardian.api.API;

/**
 * One reason why an adapter's keys or shapes are not what PEFT looks for, told once for all the tensors that it explains.
 *
 * @param id stable kebab-case name
 * @param subject the tensor, module or file that it is about
 * @param message what is wrong, in a sentence
 * @param nextStep what to do about it
 */
@API(status = API.Status.EXPERIMENTAL)
public record AdapterCause(String id, String subject, String message, String nextStep) {}
