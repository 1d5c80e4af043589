import { VmFixture } from './vm-fixture.ts'

// Runs one method, so that a host asked to print its own code of the interpreter has some to print.
const vm = new VmFixture()
const instance = vm.loadMethods({ methods: { run: { code: 'sconst_1 sreturn' } } })
vm.call(instance, vm.newOwner(instance))
