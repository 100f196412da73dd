/* SPDX-License-Identifier: MIT */
/*
 * avow_value_t avow__switch(void **from, void *to, avow_value_t v), in the
 * System V calling convention. The function pushes the registers that a callee
 * must preserve, and pops them from the other stack. The last are MXCSR and the
 * x87 control word, which hold the rounding modes. The value arrives in rdx and
 * rcx and is returned in rax and rdx.
 *
 * With -fcf-protection, each target of an indirect jump must start with
 * endbr64. The last jump has the prefix notrack, because its target does not.
 * The jump does not use a shadow stack. If the system has shadow stacks,
 * shadow.c lets the C library switch both stacks.
 */
#if defined(__CET__) && defined(__ASSEMBLER__)
#  include <cet.h> /* the note for the linker */
#endif
#if defined(__CET__) && (__CET__ & 1) != 0
#  define LANDING endbr64
#  define JUMP    notrack jmpq
#else
#  define LANDING
#  define JUMP    jmpq
#endif
#if defined(__CET__) && (__CET__ & 2) != 0
#  define IF_SHADOWED(target) \
        cmpb    $0, avow__shadowed(%rip); \
        jne     target
#else
#  define IF_SHADOWED(target)
#endif

#ifdef __APPLE__
#  define SYMBOL(name) _##name
#  define HIDDEN(name) .private_extern _##name
#  define TYPE(name)
#  define SIZE(name)
#else
#  define SYMBOL(name) name
#  define HIDDEN(name) .hidden name
#  define TYPE(name)   .type name, @function
#  define SIZE(name)   .size name, . - name
#endif

        .text
        .globl  SYMBOL(avow__switch)
        HIDDEN(avow__switch)
        TYPE(avow__switch)
        .p2align 4
SYMBOL(avow__switch):
        .cfi_startproc
        LANDING
        IF_SHADOWED(avow__shadow_switch)
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        movq    %rdx, %rax
        movq    %rcx, %rdx
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rcx
        JUMP    *%rcx
        .cfi_endproc
        SIZE(avow__switch)

        /* void avow__control(void *sp): gives a frame the caller's rounding
           mode */
        .globl  SYMBOL(avow__control)
        HIDDEN(avow__control)
        TYPE(avow__control)
        .p2align 4
SYMBOL(avow__control):
        .cfi_startproc
        LANDING
        IF_SHADOWED(avow__shadow_control)
        stmxcsr (%rdi)
        fnstcw  4(%rdi)
        ret
        .cfi_endproc
        SIZE(avow__control)

        .globl  SYMBOL(avow__begin)
        HIDDEN(avow__begin)
        TYPE(avow__begin)
        .p2align 4
SYMBOL(avow__begin):
        .cfi_startproc
        LANDING
        .cfi_undefined %rip
        callq   *%rbx
        hlt
        .cfi_endproc
        SIZE(avow__begin)

#if defined(__CET__) && (__CET__ & 2) != 0
        /* Whether the thread has a shadow stack. Old processors ignore rdsspq.
         */
        .globl  SYMBOL(avow__shadow_is_there)
        HIDDEN(avow__shadow_is_there)
        TYPE(avow__shadow_is_there)
        .p2align 4
SYMBOL(avow__shadow_is_there):
        .cfi_startproc
        LANDING
        xorl    %eax, %eax
        rdsspq  %rax
        testq   %rax, %rax
        setne   %al
        ret
        .cfi_endproc
        SIZE(avow__shadow_is_there)
#endif

#if defined(__ELF__) && defined(__ASSEMBLER__)
        .section .note.GNU-stack, "", @progbits
#endif
